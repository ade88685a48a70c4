"""Functions: configuration, versions, the function page and the Test socket.

Owns what is deployed. The files being edited belong to the editor; what
runs them is the runner.
"""
