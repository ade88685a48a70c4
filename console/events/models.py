"""Saved test events, their history and what is expected of them."""

from django.db import models

from console.accounts.models import User
from console.functions.models import Function


class TestEvent(models.Model):
    """A named payload for one function, private to a person or shared with the account.

    `source` is "service/event" of the catalogue with `fields` as filled in,
    or "" for free JSON. `expectation` is {} or any of {"outcome":
    "succeeds"|"fails", "subset": JSON, "longest_ms": int, "log_has": str}.
    """

    __test__ = False

    class Sharing(models.TextChoices):
        PRIVATE = "private"
        SHARED = "shared"

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="test_events")
    name = models.CharField(max_length=64)
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    sharing = models.CharField(max_length=8, choices=Sharing.choices, default=Sharing.PRIVATE)
    source = models.CharField(max_length=80, blank=True, default="")
    fields = models.JSONField(default=dict)
    body = models.TextField()
    expectation = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)


class TestEventRevision(models.Model):
    """What a test event was before; the newest equals the event itself."""

    __test__ = False

    event = models.ForeignKey(TestEvent, on_delete=models.CASCADE, related_name="revisions")
    revision = models.PositiveIntegerField()
    body = models.TextField()
    expectation = models.JSONField(default=dict)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "revision"], name="one_row_per_revision")
        ]
