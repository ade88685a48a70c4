"""`make bench`: how fast and how small, beside the floor and the peers. No test is timed."""
