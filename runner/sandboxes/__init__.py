"""Isolation: one module per backend, behind the contract in `base`."""
