"""Prepared and warm sandboxes: leases, eviction, the node's memory budget."""
