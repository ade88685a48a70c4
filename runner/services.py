"""The runner's only door. See each function for what it refuses."""

import asyncio
import shutil
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import NoReturn

import redis
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from runner import (
    acceptance,
    admission,
    builds,
    dispatch,
    endings,
    logs,
    nodes,
    records,
    results,
    specs,
    states,
    stream,
)
from runner.errors import (
    InvocationNotFound,
)
from runner.models import Build, FrozenSpec, Invocation, Payload
from runner.results import build_group_of, group_of
from runner.results import from_json as result_from_json
from runner.spec import (
    FINAL_STATES,
    FunctionSpec,
    InvocationResult,
    InvocationType,
    RuntimeInfo,
    State,
)
from runner.waiter import waiter

__all__ = [
    "build_group_of",
    "build_key",
    "ensure_build",
    "events_after",
    "forget_function",
    "group_of",
    "invocations",
    "node_status",
    "prune",
    "read_build",
    "read_log",
    "read_result",
    "result_from_json",
    "runtimes",
    "start_invocation",
    "stop_invocation",
    "wait_for_result",
]

QUEUE_DOWN = (
    "The queue does not answer: start Valkey again (make run does), or see VIRGA_REDIS_URL."
)
LOOK_AGAIN_S = 5.0
"""How often a waiter looks at the row: a ring may have been missed."""


def start_invocation(
    *,
    spec: FunctionSpec,
    event: bytes,
    caller: str,
    qualifier: str,
    invocation_type: InvocationType = InvocationType.REQUEST_RESPONSE,
    request_id: str = "",
    label: str = "",
    trace_id: str = "",
    account_limit: int | None = None,
) -> str:
    """Record an invocation, admit it and enqueue it on commit; its request id.

    `caller` is who or what called, as shown in the list ("user:alice").
    `label` is the test event's name, if it had one. `account_limit` is how
    many calls of the account may run at once. Refuses with PayloadTooLarge,
    PayloadNotJson, RuntimeNotSupported or TooManyRequests; then nothing is
    recorded. An asynchronous event is always recorded and waits for its
    place. Raises NoBackend when nothing can isolate.
    """
    acceptance.check_payload(event, invocation_type)
    acceptance.check_runnable(spec.runtime)
    watched = bool(request_id)  # only who chose the id can have joined its group already
    request_id = str(uuid.UUID(request_id)) if request_id else str(uuid.uuid4())
    waits = invocation_type is InvocationType.REQUEST_RESPONSE
    limit = settings.NODE_CONCURRENCY if account_limit is None else account_limit
    if waits:
        admission.admit(acceptance.place(spec, request_id, limit))
    now = timezone.now()
    row = Invocation(
        request_id=uuid.UUID(request_id),
        account_id=spec.account_id,
        function_arn=spec.function_arn,
        version=spec.version,
        qualifier=qualifier,
        draft=spec.draft,
        invocation_type=invocation_type,
        caller=caller[:256],
        label=label[:128],
        trace_id=trace_id or acceptance.new_trace_id(),
        state=State.PENDING,
        account_limit=limit,
        created_at=now,
        due_at=None if waits else now,
        lease_expires_at=states.queued_until(now) if waits else None,
        memory_mb=spec.memory_mb,
    )
    recorded = False
    try:
        _record(row, spec, event or b"{}", watched=watched)
        recorded = True
    finally:
        if waits and not recorded:
            endings.free(row)
    return request_id


def stop_invocation(*, account_id: str, request_id: str) -> None:
    """Ask that a pending or running invocation end now; final ones are left alone.

    Refuses with InvocationNotFound.
    """
    row = _row(request_id, account_id)
    if row.state in FINAL_STATES:
        return
    Invocation.objects.filter(pk=row.pk).update(stop_requested_at=timezone.now())
    row.refresh_from_db()
    if row.state != State.PENDING or not endings.conclude(
        row, State.STOPPED, "Stopped by a person.", error_type="Sandbox.Stopped"
    ):
        nodes.ring_stop(str(row.request_id))


async def wait_for_result(*, request_id: str, timeout_s: float) -> InvocationResult:
    """Await the end of an invocation without holding a thread or connection.

    Raises TimeoutError after `timeout_s`; the invocation goes on. Refuses
    with InvocationNotFound.
    """
    async with asyncio.timeout(timeout_s):
        mine = waiter()
        told = begun_here = mine.expects(request_id)
        future = mine.future(request_id)
        try:
            if not told:
                await mine.join(request_id)
            while True:
                if told or future.done():
                    await asyncio.wait([future], timeout=LOOK_AGAIN_S)
                    if future.done() and (heard := future.result()) is not None:
                        return heard
                if (result := await _read_in_thread(request_id=request_id)) is not None:
                    return result
                told = True
        finally:
            mine.forget(request_id)
            if not begun_here:
                await mine.leave(request_id)


def read_result(*, request_id: str) -> InvocationResult | None:
    """The result, or None while it is not final. Refuses with InvocationNotFound."""
    try:
        return results.load(request_id)
    except Invocation.DoesNotExist:
        _not_found(request_id)


_read_in_thread = database_sync_to_async(read_result, thread_sensitive=False)


def events_after(*, request_id: str, after: int) -> list[dict[str, object]]:
    """Stream messages with a sequence number over `after`, as they were sent to the group.

    Shapes are in `runner.stream`. A client that saw a gap, or comes back
    after a reload, asks for these and misses nothing. Refuses with
    InvocationNotFound.
    """
    try:
        return stream.replay(request_id=request_id, after=after)
    except Invocation.DoesNotExist:
        _not_found(request_id)


def read_log(*, invocation: Invocation) -> str:
    """An invocation's log, START to REPORT; so far, while it runs."""
    if invocation.state not in FINAL_STATES:
        messages = stream.replay(request_id=str(invocation.request_id), after=0)
        return "".join(str(m["text"]) for m in messages if m["kind"] == "log")
    text = logs.read(
        settings.LOG_STORE,
        invocation.log_file,
        offset=invocation.log_offset,
        length=invocation.log_length,
    )
    return text.decode("utf-8", "replace")


def invocations(*, account_id: str, function_arn: str = "") -> QuerySet[Invocation]:
    """A QuerySet of Invocation of one account, newest first, payloads not loaded."""
    rows = Invocation.objects.filter(account_id=account_id)
    if function_arn:
        rows = rows.filter(function_arn=function_arn)
    return rows.order_by("-created_at")


def ensure_build(
    *, account_id: str, runtime: str, manifests: Mapping[str, str], again: bool = False
) -> Build:
    """The build for these manifests, started if there is none.

    `manifests` maps "requirements.txt", or "package.json" and perhaps
    "package-lock.json", to their text. A FAILED build is told as it
    is, or started again where `again` says so. Refuses with RuntimeNotSupported.
    """
    return builds.ensure(account_id=account_id, runtime=runtime, manifests=manifests, again=again)


def build_key(*, runtime: str, manifests: Mapping[str, str]) -> str:
    """The key that `ensure_build` would give; starts nothing. Refuses as it does."""
    return builds.key_of(runtime=runtime, manifests=manifests)[0]


def read_build(*, key: str) -> Build:
    """A build as it stands, with its log so far. Raises Build.DoesNotExist."""
    return Build.objects.get(key=key)


def runtimes() -> list[RuntimeInfo]:
    """Every runtime name, newest first by language, with what serves it here."""
    return acceptance.runtimes()


def node_status() -> dict[str, object]:
    """What this installation can isolate with, for the home page and `check`.

    {"backends": [{"name", "problem", "interpreters": [...]}], "images":
    {"state": "ready|building|absent|failed", "percent", "step"}, "running",
    "prepared", "warm", "runners"}. Without a living runner, or a queue to
    hear one by, `backends` is empty and `problem` says so.
    """
    problem = "No runner is running: start it with make run."
    try:
        living = list(nodes.alive().values())
    except redis.RedisError:
        living, problem = [], QUEUE_DOWN
    backends: dict[str, object] = {}
    for document in living:
        for backend in document["backends"]:
            if not backend["problem"] or backend["name"] not in backends:
                backends[backend["name"]] = backend
    built = [document["images"] for document in living]
    problem = "" if living else problem
    if living and all(document["problem"] for document in living):
        problem = str(living[0]["problem"])
    return {
        "backends": list(backends.values()),
        "images": built[0] if built else {"state": "absent", "percent": 0, "step": ""},
        "running": sum(int(document["running"]) for document in living),
        "prepared": sum(int(document["prepared"]) for document in living),
        "warm": sum(int(document["warm"]) for document in living),
        "runners": len(living),
        "problem": problem,
    }


def prune(*, before: datetime, account_id: str) -> int:
    """Delete records, payloads and log text that ended before then; how many records."""
    old = Invocation.objects.filter(
        account_id=account_id, state__in=FINAL_STATES, finished_at__lt=before
    )
    removed = 0
    while ids := list(old.values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            Payload.objects.filter(pk__in=ids).delete()
            removed += Invocation.objects.filter(pk__in=ids).delete()[0]
    used = Invocation.objects.filter(account_id=account_id).values("spec_id")
    FrozenSpec.objects.filter(account_id=account_id, created_at__lt=before).exclude(
        digest__in=used
    ).delete()
    logs.remove_before(settings.LOG_STORE, account_id=account_id, before=before)
    return removed


def forget_function(*, account_id: str, function_arn: str) -> None:
    """End every run of a function that is gone, and delete its records, payloads and log text."""
    rows = Invocation.objects.filter(account_id=account_id, function_arn=function_arn)
    for row in rows.exclude(state__in=FINAL_STATES):
        stop_invocation(account_id=account_id, request_id=str(row.request_id))
    while ids := list(rows.values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            Payload.objects.filter(pk__in=ids).delete()
            Invocation.objects.filter(pk__in=ids).delete()
    used = Invocation.objects.filter(account_id=account_id).values("spec_id")
    FrozenSpec.objects.filter(account_id=account_id).exclude(digest__in=used).delete()
    name = function_arn.rpartition(":")[2]
    shutil.rmtree(settings.LOG_STORE / account_id / name, ignore_errors=True)


# -- what it checks


def _record(row: Invocation, spec: FunctionSpec, event: bytes, *, watched: bool) -> None:
    """Write the rows, and hand the invocation over once they are committed."""
    try:
        _write(row, spec, event, watched)
    except IntegrityError:
        # The spec was seen stored a moment ago and is gone: store it again.
        specs.stored(row.spec_id, False)
        _write(row, spec, event, watched)


def _write(row: Invocation, spec: FunctionSpec, event: bytes, watched: bool) -> None:
    waits = row.invocation_type == InvocationType.REQUEST_RESPONSE
    with transaction.atomic():
        row.spec = specs.freeze(spec)
        records.insert(row, event)
        transaction.on_commit(lambda: specs.stored(row.spec_id))
        give = partial(dispatch.hand_over, str(row.request_id), digest=row.spec_id, watched=watched)
        transaction.on_commit(give if waits else _dispatch)


def _dispatch() -> None:
    admission.mark_waiting(True)
    dispatch.events()


def _row(request_id: str, account_id: str) -> Invocation:
    row = Invocation.objects.filter(request_id=request_id, account_id=account_id).first()
    if row is None:
        _not_found(request_id)
    return row


def _not_found(request_id: str) -> NoReturn:
    raise InvocationNotFound(f"There is no invocation {request_id}: its record may be pruned.")
