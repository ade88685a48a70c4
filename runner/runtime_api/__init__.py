"""The Lambda Runtime API, 2018-06-01: one session per sandbox."""
