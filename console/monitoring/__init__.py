"""What was seen: prices of a call, retention of records and logs.

Reads the runner's records through runner.services; runs nothing.
"""
