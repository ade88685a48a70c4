"""What runs inside a nest: the launcher that forks sandboxes, and the calls it makes.

These modules are imported by the runner and also started by whatever Python
serves a function (3.9 and later): they use the standard library and each
other, nothing else of ours.
"""
