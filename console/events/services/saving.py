"""Saving, renaming, sharing and deleting test events."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from console.accounts.access import authorize
from console.accounts.models import User
from console.accounts.roles import Action
from console.accounts.services import record
from console.errors import Conflict, Forbidden, Invalid
from console.events import bodies, catalogue, expectations, queries
from console.events.models import TestEvent, TestEventRevision
from console.functions.models import Function
from console.functions.queries import arn_of

HISTORY_KEPT = 50
"""Revisions of one event: older ones are dropped as newer ones come."""
CONTENT = ("source", "fields", "body", "expectation")
"""What is run and expected: what a revision keeps, and a copy takes over."""
EVENTS_LIMIT = 5_000
"""Events of one function."""


def save_event(
    *,
    function: Function,
    by: User,
    name: str,
    body: str,
    sharing: str = TestEvent.Sharing.PRIVATE,
    source: str = "",
    fields: Mapping[str, str] | None = None,
    expectation: Mapping[str, Any] | None = None,
    event_id: int | None = None,
    base: int | None = None,
) -> TestEvent:
    """Make an event, or change the one with `event_id`; unchanged text makes no new revision.

    The body is kept as it was typed. `expectation` None leaves it as it is.
    Refuses with Invalid a name, body, source or expectation that cannot be
    kept, with Conflict a name that is taken and an event that was saved by
    somebody else since revision `base`.
    """
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    kept = {
        "name": bodies.check_name(name),
        "source": _source(source),
        "fields": _fields(fields or {}),
        "body": body,
    }
    bodies.check_body(body)
    if sharing not in TestEvent.Sharing.values:
        raise Invalid("Choose Private or Shareable.", field="sharing")
    if expectation is not None:
        kept["expectation"] = expectations.clean(expectation)
    with transaction.atomic():
        if event_id is None:
            return create(function=function, by=by, sharing=sharing, kept=kept)
        event = locked(function=function, by=by, event_id=event_id)
        if base is not None and base != event.revision:
            _refuse_lost_update(event)
        _set_sharing(event, sharing, by)
        _change(event, kept, by)
        audit(event, by, "event.save")
        return event


def create(*, function: Function, by: User | None, sharing: str, kept: dict[str, Any]) -> TestEvent:
    """Write a new event with values that were checked, inside the caller's transaction."""
    if function.test_events.count() >= EVENTS_LIMIT:
        raise Conflict(f"{function.name} has {EVENTS_LIMIT:,} test events. Delete some first.")
    event = TestEvent(function=function, owner=by, sharing=sharing, **kept)
    _write(event)
    _remember(event, by)
    audit(event, by, "event.save")
    return event


def rename_event(*, function: Function, by: User, event_id: int, name: str) -> TestEvent:
    """Give an event another name. Refuses with Invalid or, when it is taken, Conflict."""
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    with transaction.atomic():
        event = locked(function=function, by=by, event_id=event_id)
        before, event.name = event.name, bodies.check_name(name)
        _write(event)
        audit(event, by, "event.rename", before=before)
        return event


def share_event(*, function: Function, by: User, event_id: int) -> TestEvent:
    """Let the whole account see and change an event. Refuses with Conflict a taken name."""
    return _reshare(function, by, event_id, TestEvent.Sharing.SHARED)


def unshare_event(*, function: Function, by: User, event_id: int) -> TestEvent:
    """Make an event its owner's alone. Refuses with Forbidden anybody but the owner."""
    return _reshare(function, by, event_id, TestEvent.Sharing.PRIVATE)


def delete_event(*, function: Function, by: User, event_id: int) -> None:
    """Delete an event with its history; records of runs stay."""
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    with transaction.atomic():
        event = locked(function=function, by=by, event_id=event_id)
        audit(event, by, "event.delete")
        event.delete()


def duplicate_event(*, function: Function, by: User, event_id: int) -> TestEvent:
    """Copy an event, its expectation too, as a private one named "… copy"."""
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    event = queries.event_for(function=function, user=by, event_id=event_id)
    with transaction.atomic():
        taken = set(
            TestEvent.objects.filter(
                function=function, owner=by, sharing=TestEvent.Sharing.PRIVATE
            ).values_list("name", flat=True)
        )
        kept = {"name": free_name(event.name, taken), **content_of(event)}
        sharing = TestEvent.Sharing.PRIVATE
        return create(function=function, by=by, sharing=sharing, kept=kept)


def restore_revision(*, function: Function, by: User, event_id: int, revision: int) -> TestEvent:
    """Make an old revision the newest one. Refuses with NotFound one that is not kept."""
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    with transaction.atomic():
        event = locked(function=function, by=by, event_id=event_id)
        _change(event, content_of(queries.revision_of(event, revision)), by)
        audit(event, by, "event.restore", restored=revision)
        return event


def free_name(name: str, taken: set[str]) -> str:
    """ "name copy", or "name copy 2" and so on, that is not in `taken`."""
    number = 1
    while True:
        ending = " copy" if number == 1 else f" copy {number}"
        made = name[: bodies.NAME_LENGTH - len(ending)] + ending
        if made not in taken:
            return made
        number += 1


def locked(*, function: Function, by: User, event_id: int) -> TestEvent:
    """The event, held against other writers until the transaction ends."""
    TestEvent.objects.select_for_update().filter(pk=event_id).first()
    return queries.event_for(function=function, user=by, event_id=event_id)


def audit(event: TestEvent, by: User | None, action: str, **detail: object) -> None:
    """Write down what was done to an event: never its body."""
    record(
        actor=by or "system",
        action=action,
        account=event.function.account_id,
        resource=f"{arn_of(event.function)}/test-event/{event.name}"[:300],
        detail={"event": event.pk, "sharing": event.sharing, "revision": event.revision} | detail,
    )


def _reshare(function: Function, by: User, event_id: int, sharing: str) -> TestEvent:
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    with transaction.atomic():
        event = locked(function=function, by=by, event_id=event_id)
        _set_sharing(event, sharing, by)
        _write(event)
        audit(event, by, "event.share" if sharing == TestEvent.Sharing.SHARED else "event.unshare")
        return event


def _set_sharing(event: TestEvent, sharing: str, by: User) -> None:
    if sharing == event.sharing:
        return
    if sharing == TestEvent.Sharing.PRIVATE and event.owner_id not in (None, by.pk):
        owner = event.owner.get_username() if event.owner else "its owner"
        raise Forbidden(
            f"Only {owner} can make “{event.name}” private again: it would be theirs alone. "
            "Duplicate it to have one of your own."
        )
    event.owner = event.owner or by
    event.sharing = sharing


def _change(event: TestEvent, values: Mapping[str, Any], by: User) -> None:
    """Set the values; a new revision when what is run or expected changes."""
    before = content_of(event)
    changed = any(name in values and values[name] != before[name] for name in CONTENT)
    for name, value in values.items():
        setattr(event, name, value)
    if changed:
        event.revision += 1
        event.last_outcome, event.last_run_at = "", None
    _write(event)
    if changed:
        _remember(event, by)


def content_of(of: TestEvent | TestEventRevision) -> dict[str, Any]:
    """What is run and expected of an event, or was at a revision."""
    return {name: getattr(of, name) for name in CONTENT}


def _write(event: TestEvent) -> None:
    try:
        with transaction.atomic():
            event.save()
    except IntegrityError:
        shared = event.sharing == TestEvent.Sharing.SHARED
        raise Conflict(
            f"{'The account already has a shared event' if shared else 'You already have an event'}"
            f" named “{event.name}”. Choose another name, or open that one and change it.",
            field="name",
        ) from None


def _remember(event: TestEvent, by: User | None) -> None:
    TestEventRevision.objects.create(
        event=event,
        revision=event.revision,
        **content_of(event),
        saved_by=by,
        saved_at=timezone.now(),
    )
    event.revisions.filter(revision__lte=event.revision - HISTORY_KEPT).delete()


def _refuse_lost_update(event: TestEvent) -> None:
    newest = event.revisions.select_related("saved_by").order_by("-revision").first()
    who = newest.saved_by.get_username() if newest and newest.saved_by else "Somebody"
    raise Conflict(
        f"{who} saved “{event.name}” while you had it open; nothing of theirs was overwritten. "
        "Open it again to see the change, or save yours under another name.",
        field="base",
    )


def _source(source: str) -> str:
    return catalogue.find(source).id if source else ""


def _fields(fields: Mapping[str, Any]) -> dict[str, str]:
    if any(not isinstance(value, str) or len(value) > bodies.LIMIT for value in fields.values()):
        raise Invalid("A source's fields are texts.", field="fields")
    return {str(name)[:80]: value for name, value in fields.items()}
