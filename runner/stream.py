"""Log lines and results: stored with sequence numbers, then announced."""
