"""Reading test events. Everything here is what one person may see."""

from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from console.accounts.models import User
from console.errors import NotFound
from console.events.models import EventCase, EventRun, TestEvent, TestEventRevision
from console.functions.models import Function


def visible(*, function: Function, user: User) -> QuerySet[TestEvent]:
    """The person's own events and the shared ones, own first, by name."""
    mine = When(sharing=TestEvent.Sharing.PRIVATE, then=Value(0))
    return (
        TestEvent.objects.filter(function=function)
        .filter(Q(sharing=TestEvent.Sharing.SHARED) | Q(owner=user))
        .select_related("owner")
        .order_by(Case(mine, default=Value(1), output_field=IntegerField()), "name", "pk")
    )


def event_for(*, function: Function, user: User, event_id: int) -> TestEvent:
    """One event that the person may see. Refuses with NotFound."""
    event = visible(function=function, user=user).filter(pk=event_id).first()
    if event is None:
        raise NotFound(f"{function.name} has no such test event: it may have been deleted.")
    return event


def listed(*, function: Function, user: User) -> list[TestEvent]:
    """Every event without its body: a thousand large ones are still a short list."""
    return list(visible(function=function, user=user).defer("body", "fields"))


def history(event: TestEvent) -> QuerySet[TestEventRevision]:
    """The revisions that are kept, newest first, without their bodies."""
    return event.revisions.select_related("saved_by").defer("body").order_by("-revision")


def revision_of(event: TestEvent, revision: int) -> TestEventRevision:
    """One revision with its body. Refuses with NotFound."""
    found = event.revisions.filter(revision=revision).first()
    if found is None:
        raise NotFound(f"Revision {revision} of “{event.name}” is not kept any more.")
    return found


def run_for(*, function: Function, user: User, run_id: int) -> EventRun:
    """A run that this person started: its cases may name private events. Refuses with NotFound."""
    run = EventRun.objects.filter(function=function, started_by=user, pk=run_id).first()
    if run is None:
        raise NotFound("There is no such run, or somebody else started it.")
    return run


def last_run(*, function: Function, user: User) -> EventRun | None:
    """The person's newest run, if there is one."""
    return EventRun.objects.filter(function=function, started_by=user).order_by("-pk").first()


def summary(run: EventRun) -> dict[str, Any]:
    """Where a run stands, in numbers and in words."""
    states = list(run.cases.values_list("state", flat=True))
    passed = states.count(EventCase.State.PASSED)
    left = states.count(EventCase.State.WAITING) + states.count(EventCase.State.RUNNING)
    text = f"{passed} of {len(states)} passed"
    if left and run.state == EventRun.State.RUNNING:
        text = f"{len(states) - left} of {len(states)} done, {passed} passed"
    elif run.state == EventRun.State.STOPPED:
        text = f"Stopped: {text}"
    return {
        "total": len(states),
        "passed": passed,
        "left": left,
        "done": len(states) - left,
        "text": text,
        "good": passed == len(states),
    }


def is_abandoned(run: EventRun) -> bool:
    """Whether nobody drives a run that should be going on."""
    lease = run.lease_expires_at
    return run.state == EventRun.State.RUNNING and (lease is None or lease < timezone.now())
