"""Saved events as JSON: the Test tab and the editor's side bar speak it."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from console.accounts.access import MemberRequest, member
from console.accounts.models import User
from console.accounts.roles import Action
from console.errors import Invalid
from console.events import catalogue, queries, services
from console.events.bodies import check_body
from console.events.models import TestEvent
from console.events.views import input as given

BODIES_LIMIT = 8_000_000
"""Characters of bodies in one list; the rest are null and read one by one."""

SHARING = {"shareable": TestEvent.Sharing.SHARED, "": TestEvent.Sharing.PRIVATE}
"""The dialog's word for it, beside our own."""


def shown(event: TestEvent, user: User) -> dict[str, Any]:
    """An event as scripts know it."""
    return {
        "id": event.pk,
        "name": event.name,
        "sharing": event.sharing,
        "owner": event.owner.get_username() if event.owner else "",
        "mine": event.owner_id == user.pk,
        "body": event.body,
        "source": event.source,
        "fields": event.fields,
        "expectation": event.expectation,
        "subset_text": _subset_text(event.expectation),
        "revision": event.revision,
        "last_outcome": event.last_outcome,
        "updated_at": event.updated_at.isoformat(),
    }


def _subset_text(expectation: dict[str, Any]) -> str:
    """The expected response as text: scripts would round its long numbers."""
    if "subset" not in expectation:
        return ""
    return json.dumps(expectation["subset"], indent=2, ensure_ascii=False)


def _expectation(values: dict[str, Any]) -> dict[str, Any] | None:
    """The expectation sent, its subset as JSON or, in `subset_text`, as text of JSON."""
    sent = given.mapping(values, "expectation")
    if sent is None or "subset_text" not in sent:
        return sent
    text = given.text(sent, "subset_text").strip()
    kept = {key: value for key, value in sent.items() if key not in ("subset", "subset_text")}
    if not text:
        return kept
    try:
        return kept | {"subset": check_body(text)}
    except Invalid as refusal:
        raise Invalid(f"Expected response: {refusal.message}", field="subset") from None


@require_GET
@member(Action.VIEW)
def events(request: MemberRequest, name: str) -> HttpResponse:
    """Every event that the member sees, own first; a browser is led to the Test tab."""
    function = given.function_of(request, name)
    if request.GET.get("format") != "json":
        return redirect(f"/{request.account.pk}/functions/{function.name}/test/")
    rows, left = [], BODIES_LIMIT
    for event in queries.visible(function=function, user=request.user).iterator():
        row = shown(event, request.user)
        left -= len(event.body)
        if left < 0:
            row["body"] = None
        rows.append(row)
    return JsonResponse(rows, safe=False)


@require_GET
@member(Action.VIEW)
def event(request: MemberRequest, name: str, event_id: int) -> HttpResponse:
    """One event."""
    function = given.function_of(request, name)
    found = queries.event_for(function=function, user=request.user, event_id=event_id)
    return JsonResponse(shown(found, request.user))


@require_POST
@member(Action.SAVE_EVENT)
def save(request: MemberRequest, name: str) -> HttpResponse:
    """Make an event (no id) or change one; the saved event."""
    function, values = given.function_of(request, name), given.sent(request)
    sharing = given.text(values, "sharing", "")
    source = given.text(values, "source", "")
    saved = services.save_event(
        function=function,
        by=request.user,
        event_id=given.number(values, "id"),
        base=given.number(values, "base"),
        name=given.text(values, "name"),
        body=given.text(values, "body"),
        sharing=SHARING.get(sharing, sharing),
        source=source if catalogue.is_source(source) else "",
        fields=given.mapping(values, "fields"),
        expectation=_expectation(values),
    )
    return JsonResponse(shown(saved, request.user))


@require_POST
@member(Action.SAVE_EVENT)
def rename(request: MemberRequest, name: str, event_id: int) -> HttpResponse:
    """Rename an event; the event."""
    function, values = given.function_of(request, name), given.sent(request)
    changed = services.rename_event(
        function=function, by=request.user, event_id=event_id, name=given.text(values, "name")
    )
    return JsonResponse(shown(changed, request.user))


@require_POST
@member(Action.SAVE_EVENT)
def share(request: MemberRequest, name: str, event_id: int) -> HttpResponse:
    """Share an event with the account; the event."""
    function = given.function_of(request, name)
    changed = services.share_event(function=function, by=request.user, event_id=event_id)
    return JsonResponse(shown(changed, request.user))


@require_POST
@member(Action.SAVE_EVENT)
def unshare(request: MemberRequest, name: str, event_id: int) -> HttpResponse:
    """Make an event private; the event."""
    function = given.function_of(request, name)
    changed = services.unshare_event(function=function, by=request.user, event_id=event_id)
    return JsonResponse(shown(changed, request.user))


@require_POST
@member(Action.SAVE_EVENT)
def delete(request: MemberRequest, name: str, event_id: int) -> HttpResponse:
    """Delete an event."""
    function = given.function_of(request, name)
    services.delete_event(function=function, by=request.user, event_id=event_id)
    return JsonResponse({})


@require_POST
@member(Action.SAVE_EVENT)
def duplicate(request: MemberRequest, name: str, event_id: int) -> HttpResponse:
    """Copy an event; the copy."""
    function = given.function_of(request, name)
    made = services.duplicate_event(function=function, by=request.user, event_id=event_id)
    return JsonResponse(shown(made, request.user))


@require_POST
@member(Action.SAVE_EVENT)
def restore(request: MemberRequest, name: str, event_id: int) -> HttpResponse:
    """Bring back an old revision; the event."""
    function, values = given.function_of(request, name), given.sent(request)
    changed = services.restore_revision(
        function=function,
        by=request.user,
        event_id=event_id,
        revision=given.number(values, "revision") or 0,
    )
    return JsonResponse(shown(changed, request.user))


@require_POST
@member(Action.SAVE_EVENT)
def from_invocation(request: MemberRequest, name: str, request_id: UUID) -> HttpResponse:
    """Save a past run's input as an event. A form is led to it, a script gets it."""
    function, values = given.function_of(request, name), given.sent(request)
    sharing = given.text(values, "sharing", "")
    saved = services.save_from_invocation(
        function=function,
        by=request.user,
        request_id=str(request_id),
        name=given.text(values, "name", ""),
        sharing=SHARING.get(sharing, sharing),
    )
    if wants_page(request):
        place = f"/{request.account.pk}/functions/{function.name}/test/?event={saved.pk}"
        return redirect(place)
    return JsonResponse(shown(saved, request.user))


def wants_page(request: HttpRequest) -> bool:
    """Whether a plain form asked, which wants to be led to a page."""
    asked = request.headers.get("Accept", "").startswith("application/json")
    return not asked and request.content_type != "application/json"
