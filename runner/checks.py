"""System checks: what this node can isolate with."""
