"""One sandbox and its Runtime API session: states, deadline, result."""
