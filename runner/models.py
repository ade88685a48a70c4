"""The runner's records. The row is the promise: a task only carries its id."""

import uuid

from django.db import models

from runner.spec import FINAL_STATES, InvocationType, State

MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.RUNNING, State.STOPPED, State.LOST, State.FAILED}),
    State.RUNNING: frozenset(FINAL_STATES | {State.PENDING}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset({State.PENDING}),
    State.STOPPED: frozenset(),
    State.LOST: frozenset({State.PENDING}),
}
"""Which state may follow which. FAILED and LOST return to PENDING only on retry of an Event."""


class FrozenSpec(models.Model):
    """A FunctionSpec as it was invoked, stored once. Variables are encrypted."""

    digest = models.CharField(max_length=64, primary_key=True)
    account_id = models.CharField(max_length=12)
    document = models.JSONField()
    environment = models.BinaryField(default=b"")
    created_at = models.DateTimeField(auto_now_add=True)


class Invocation(models.Model):
    """One call of one function, from acceptance to result."""

    request_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    account_id = models.CharField(max_length=12)
    function_arn = models.CharField(max_length=200)
    spec = models.ForeignKey(FrozenSpec, on_delete=models.PROTECT, related_name="+")
    version = models.CharField(max_length=16)
    qualifier = models.CharField(max_length=128)
    draft = models.BooleanField(default=False)
    invocation_type = models.CharField(
        max_length=16, choices=[(t.value, t.value) for t in InvocationType]
    )
    caller = models.CharField(max_length=256)
    label = models.CharField(max_length=128, blank=True, default="")
    trace_id = models.CharField(max_length=128, blank=True, default="")

    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State])
    attempt = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=100, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True)
    stop_requested_at = models.DateTimeField(null=True)
    account_limit = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.FloatField(null=True)
    billed_ms = models.PositiveIntegerField(null=True)
    init_ms = models.FloatField(null=True)
    cold = models.BooleanField(default=False)
    memory_mb = models.PositiveIntegerField()
    max_memory_mb = models.PositiveIntegerField(null=True)
    function_error = models.CharField(max_length=16, blank=True, default="")
    error_type = models.CharField(max_length=128, blank=True, default="")
    error_message = models.CharField(max_length=512, blank=True, default="")
    limit = models.CharField(max_length=16, blank=True, default="")
    backend = models.CharField(max_length=16, blank=True, default="")
    log_file = models.CharField(max_length=300, blank=True, default="")
    log_offset = models.PositiveBigIntegerField(default=0)
    log_length = models.PositiveBigIntegerField(default=0)
    first_sequence = models.PositiveIntegerField(default=0)
    last_sequence = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["function_arn", "-created_at"], name="invocation_by_function"),
            models.Index(fields=["account_id", "-created_at"], name="invocation_by_account"),
            models.Index(fields=["state", "lease_expires_at"], name="invocation_by_lease"),
            models.Index(fields=["state", "due_at"], name="invocation_by_due"),
        ]


class Payload(models.Model):
    """An invocation's event and response, apart from its row so that lists stay small."""

    invocation = models.OneToOneField(
        Invocation, on_delete=models.CASCADE, primary_key=True, related_name="payload"
    )
    event = models.BinaryField()
    response = models.BinaryField(null=True)


class Build(models.Model):
    """Dependencies installed once for one set of manifests on one interpreter.

    `key` is the SHA-256 of language, interpreter version and manifests; a
    READY build's `tree` is mounted beside the code that asked for it.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"

    key = models.CharField(max_length=64, primary_key=True)
    account_id = models.CharField(max_length=12)
    runtime = models.CharField(max_length=32)
    manifests = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    tree = models.CharField(max_length=64, blank=True, default="")
    log = models.TextField(blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=100, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True)
