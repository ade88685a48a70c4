"""The data plane: runs one version of one function with one event.

Callers hand a FunctionSpec to `runner.services` and listen for results by
request id. Functions, aliases, users and pages are unknown here: the runner
imports nothing of the console and holds no foreign key upward.
"""
