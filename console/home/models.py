"""Leases: what only one process of all may do at a time."""

from django.db import models


class Lease(models.Model):
    """Held by `holder` until it expires or is renewed."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=120)
    expires_at = models.DateTimeField()
