"""Runs of many events: what the page and the driver change of them."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from console.accounts.access import authorize
from console.accounts.models import User
from console.accounts.roles import Action
from console.accounts.services import record
from console.errors import Invalid
from console.events import expectations, queries
from console.events.expectations import Failure
from console.events.models import MOVES, EventCase, EventRun, Outcome, TestEvent
from console.functions import queries as functions
from console.functions.models import Function
from console.functions.services import DRAFT
from runner import services as runner
from runner.errors import InvocationNotFound
from runner.spec import InvocationResult

LEASE = timedelta(seconds=10)
RUNS_KEPT = 20
"""Runs of one function: older ones are dropped as newer ones come."""

State = EventCase.State


@dataclass(frozen=True, slots=True)
class Call:
    """All that is needed to start or await one case."""

    case_id: int
    function: Function
    target: str
    event: bytes
    caller: str
    label: str
    request_id: str
    expectation: dict[str, object]
    started: bool


def start_run(*, function: Function, by: User, target: str, ids: Sequence[int] = ()) -> EventRun:
    """Record a run of the events with these ids, or of all that have an expectation.

    The caller enqueues it on commit (`console.events.tasks.enqueue`). Refuses
    with Invalid when there is nothing to run, with FunctionNotFound a target
    that is neither "draft" nor a version.
    """
    authorize(user=by, account_id=function.account_id, action=Action.INVOKE)
    if target != DRAFT:
        functions.version_of(function, target)
    events = queries.visible(function=function, user=by).defer("body", "fields")
    chosen = list(events.filter(pk__in=ids) if ids else events.exclude(expectation={}))
    if not chosen:
        raise Invalid(
            "There is nothing to run: no event says what is expected. "
            "Open an event, fill in “Expected result” and save it.",
            field="events",
        )
    with transaction.atomic():
        run = EventRun.objects.create(function=function, target=target, started_by=by)
        EventCase.objects.bulk_create(
            EventCase(
                run=run,
                event=event,
                name=event.name,
                revision=event.revision,
                expectation=event.expectation,
            )
            for event in chosen
        )
        _forget_old_runs(function)
        record(
            actor=by,
            action="event.run-all",
            account=function.account_id,
            resource=functions.arn_of(function),
            detail={"run": run.pk, "events": len(chosen), "target": target},
        )
    return run


def stop_run(*, function: Function, by: User, run_id: int) -> EventRun:
    """End a run: what waits is not started, what runs is stopped."""
    authorize(user=by, account_id=function.account_id, action=Action.INVOKE)
    run = queries.run_for(function=function, user=by, run_id=run_id)
    if run.state != EventRun.State.RUNNING:
        return run
    run.state, run.finished_at = EventRun.State.STOPPED, timezone.now()
    run.save(update_fields=["state", "finished_at"])
    run.cases.filter(state=State.WAITING).update(state=State.STOPPED)
    for case in run.cases.filter(state=State.RUNNING):
        try:
            runner.stop_invocation(account_id=function.account_id, request_id=case.request_id)
        except InvocationNotFound:  # it is just being started: its result will not count
            _move(case, State.STOPPED)
    return run


def check_invocation(
    *, function: Function, by: User, event_id: int, request_id: str
) -> list[Failure]:
    """Hold a finished run of this function against an event's expectation, and remember it.

    Refuses with NotFound a run that is not this function's, with Invalid one
    that has not ended.
    """
    authorize(user=by, account_id=function.account_id, action=Action.INVOKE)
    event = queries.event_for(function=function, user=by, event_id=event_id)
    functions.invocation_of(function, request_id)
    result = runner.read_result(request_id=request_id)
    if result is None:
        raise Invalid("The run has not ended yet.", field="request_id")
    failures = expectations.check(
        event.expectation, result, log_of(function.account_id, request_id, event.expectation)
    )
    if event.expectation:
        _remember(event.pk, event.revision, Outcome.FAILED if failures else Outcome.PASSED)
    return failures


def log_of(account_id: str, request_id: str, expectation: dict[str, object]) -> str | None:
    """A run's whole log where the expectation asks for it; None where it does not."""
    if not expectation.get("log_has"):
        return None
    invocation = runner.invocations(account_id=account_id).filter(request_id=request_id).first()
    return runner.read_log(invocation=invocation) if invocation else None


# -- what the driver does


def take_lease(run_id: int) -> str:
    """Become the one who drives a run, under the name returned; "" when somebody does.

    Also when it has ended.
    """
    now = timezone.now()
    free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=now)
    running = EventRun.objects.filter(free, pk=run_id, state=EventRun.State.RUNNING)
    owner = str(uuid.uuid4())
    return owner if running.update(lease_owner=owner, lease_expires_at=now + LEASE) else ""


def renew_lease(run_id: int, owner: str) -> bool:
    """Go on driving; False when somebody else drives by now, who must not be disturbed."""
    mine = EventRun.objects.filter(pk=run_id, lease_owner=owner)
    return bool(mine.update(lease_expires_at=timezone.now() + LEASE))


def open_cases(run_id: int) -> list[int]:
    """The cases that are not final, in order."""
    states = (State.WAITING, State.RUNNING)
    cases = EventCase.objects.filter(run_id=run_id, state__in=states)
    return list(cases.values_list("pk", flat=True))


def begin_case(case_id: int) -> Call | None:
    """Give a waiting case its request id; None when the run, case or event ended meanwhile.

    The id is written before the call, so that a driver who takes over finds
    the invocation instead of starting a second one.
    """
    case = EventCase.objects.select_related(
        "run__function__account", "run__function__draft", "run__started_by", "event"
    ).get(pk=case_id)
    run = case.run
    if case.state not in (State.WAITING, State.RUNNING):
        return None
    if run.state != EventRun.State.RUNNING and case.state == State.WAITING:
        _move(case, State.STOPPED)
        return None
    body = _body(case)
    if body is None:
        _move(case, State.BROKEN, failures=[_words("The event was deleted or changed meanwhile.")])
        return None
    started = case.state == State.RUNNING
    if not started and not _move(case, State.RUNNING, request_id=str(uuid.uuid4())):
        return None
    person = run.started_by.get_username() if run.started_by else "unknown"
    return Call(
        case_id=case_id,
        function=run.function,
        target=run.target,
        event=body.encode(),
        caller=f"user:{person}",
        label=case.name,
        request_id=case.request_id,
        expectation=case.expectation,
        started=started,
    )


def postpone_case(case_id: int) -> None:
    """Put a case back that could not be started yet, or whose invocation was never recorded."""
    case = EventCase.objects.get(pk=case_id)
    if case.state == State.RUNNING:
        _move(case, State.WAITING, request_id="")


def break_case(case_id: int, message: str) -> None:
    """End a case that could not be run, with the reason."""
    case = EventCase.objects.select_related("event").get(pk=case_id)
    if State.BROKEN in MOVES[case.state]:
        moved = _move(case, State.BROKEN, failures=[_words(message)])
        if moved and case.event_id:
            _remember(case.event_id, case.revision, Outcome.BROKEN)


def finish_case(case_id: int, result: InvocationResult, log: str | None) -> None:
    """Hold a case's result against what was expected."""
    case = EventCase.objects.get(pk=case_id)
    if case.state != State.RUNNING:
        return
    failures = expectations.check(case.expectation, result, log)
    told = {
        "failures": [asdict(failure) for failure in failures],
        "duration_ms": result.duration_ms,
    }
    if result.state == "stopped":
        _move(case, State.STOPPED, **told)
        return
    state = State.FAILED if failures else State.PASSED
    if _move(case, state, **told) and case.event_id:
        _remember(case.event_id, case.revision, Outcome.FAILED if failures else Outcome.PASSED)


def finish_run(run_id: int) -> None:
    """End a run whose cases are all final."""
    EventRun.objects.filter(pk=run_id, state=EventRun.State.RUNNING).update(
        state=EventRun.State.FINISHED, finished_at=timezone.now()
    )


def _move(case: EventCase, state: str, **changes: Any) -> bool:
    """Move a case on, with what changes about it; False when it moved since it was read.

    What Stop or another driver made of it then stands.
    """
    if state not in MOVES[case.state]:
        raise ValueError(f"a case does not go from {case.state} to {state}")
    as_read = EventCase.objects.filter(pk=case.pk, state=case.state, request_id=case.request_id)
    moved = as_read.update(state=state, **changes)
    for name, value in {"state": state, **changes}.items():
        setattr(case, name, value)
    return bool(moved)


def _words(message: str) -> dict[str, str]:
    return asdict(Failure("run", message))


def _body(case: EventCase) -> str | None:
    """The body of the revision that the run began with."""
    if case.event is None:
        return None
    if case.event.revision == case.revision:
        return case.event.body
    old = case.event.revisions.filter(revision=case.revision).first()
    return old.body if old else None


def _remember(event_id: int, revision: int, outcome: str) -> None:
    """The outcome belongs to the revision that ran: a changed event keeps none."""
    TestEvent.objects.filter(pk=event_id, revision=revision).update(
        last_outcome=outcome, last_run_at=timezone.now()
    )


def _forget_old_runs(function: Function) -> None:
    runs = function.event_runs.exclude(state=EventRun.State.RUNNING).order_by("-pk")
    old = list(runs.values_list("pk", flat=True)[RUNS_KEPT:])
    EventRun.objects.filter(pk__in=old).delete()
