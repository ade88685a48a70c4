"""Functions services."""
