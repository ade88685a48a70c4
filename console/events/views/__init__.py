"""JSON and files of test events: each view parses, calls one service, renders."""
