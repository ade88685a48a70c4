"""Saved test events, their history, what is expected of them, and runs of many at once."""

from typing import Any

from django.db import models
from django.db.models import Q

from console.accounts.models import User
from console.functions.models import Function


class Outcome(models.TextChoices):
    """How an event's last run met its expectation; empty when it has none or never ran."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"  # it could not be run: refused, or our machinery failed


def with_owner_if_private(collector: Any, field: Any, events: Any, using: str) -> None:
    """When a person is deleted: what only they could see goes, what they shared stays."""
    private = {"sharing": TestEvent.Sharing.PRIVATE}
    models.CASCADE(collector, field, events.filter(**private), using)
    models.SET_NULL(collector, field, events.exclude(**private), using)


class TestEvent(models.Model):
    """A named payload for one function, private to a person or shared with the account.

    `source` is "service/event" of the catalogue with `fields` as filled in,
    or "" for free JSON. `expectation` is {} or any of {"outcome":
    "succeeds"|"fails", "subset": JSON, "longest_ms": int, "log_has": str}.
    `last_outcome` is of this very revision: a change empties it.
    """

    __test__ = False

    class Sharing(models.TextChoices):
        PRIVATE = "private"
        SHARED = "shared"

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="test_events")
    name = models.CharField(max_length=64)
    owner = models.ForeignKey(User, null=True, on_delete=with_owner_if_private, related_name="+")
    sharing = models.CharField(max_length=8, choices=Sharing.choices, default=Sharing.PRIVATE)
    source = models.CharField(max_length=80, blank=True, default="")
    fields = models.JSONField(default=dict)
    body = models.TextField()
    expectation = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    last_outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True, default="")
    last_run_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["function", "name"],
                condition=Q(sharing="shared"),
                name="one_shared_event_per_name",
            ),
            models.UniqueConstraint(
                fields=["function", "owner", "name"],
                condition=Q(sharing="private"),
                name="one_private_event_per_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TestEventRevision(models.Model):
    """What a test event was before; the newest equals the event itself."""

    __test__ = False

    event = models.ForeignKey(TestEvent, on_delete=models.CASCADE, related_name="revisions")
    revision = models.PositiveIntegerField()
    source = models.CharField(max_length=80, blank=True, default="")
    fields = models.JSONField(default=dict)
    body = models.TextField()
    expectation = models.JSONField(default=dict)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "revision"], name="one_row_per_revision")
        ]


class EventRun(models.Model):
    """One press of "Run all": several events against one target.

    `lease_expires_at` is renewed by `lease_owner`, who drives it; once it is
    past, any worker may take the run over from what the cases say.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        FINISHED = "finished"
        STOPPED = "stopped"

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="event_runs")
    target = models.CharField(max_length=128)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    lease_owner = models.CharField(max_length=36, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)


class EventCase(models.Model):
    """One event of a run, frozen as it was when the run began."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        PASSED = "passed"
        FAILED = "failed"
        BROKEN = "broken"
        STOPPED = "stopped"

    run = models.ForeignKey(EventRun, on_delete=models.CASCADE, related_name="cases")
    event = models.ForeignKey(TestEvent, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()
    expectation = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    request_id = models.CharField(max_length=36, blank=True, default="")
    failures = models.JSONField(default=list)
    duration_ms = models.FloatField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["run", "state"], name="case_by_state")]


MOVES: dict[str, frozenset[str]] = {
    EventCase.State.WAITING: frozenset(
        {EventCase.State.RUNNING, EventCase.State.BROKEN, EventCase.State.STOPPED}
    ),
    EventCase.State.RUNNING: frozenset(
        {
            EventCase.State.WAITING,
            EventCase.State.PASSED,
            EventCase.State.FAILED,
            EventCase.State.BROKEN,
            EventCase.State.STOPPED,
        }
    ),
    EventCase.State.PASSED: frozenset(),
    EventCase.State.FAILED: frozenset(),
    EventCase.State.BROKEN: frozenset(),
    EventCase.State.STOPPED: frozenset(),
}
"""Which state of a case may follow which."""
