"""Pages, fragments and JSON of test events: each parses, calls one service, renders."""
