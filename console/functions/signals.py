"""What functions announce to the areas above them, which they do not know."""

from django.dispatch import Signal

function_created = Signal()
"""Sent inside the transaction that creates a function.

Arguments: `function`, `by` (a User or None), `events` (a list of
`blueprints.SampleEvent` that came with the blueprint, else empty) and
`duplicate_of` (the Function it was copied from, or None).
"""
