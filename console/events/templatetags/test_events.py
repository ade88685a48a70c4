"""`{% test_tab %}`: what the Test tab needs, for a page whose view belongs to functions."""

from typing import Any

from django import template
from django.template import Context

from console.accounts.access import allows
from console.accounts.models import User
from console.accounts.roles import Action
from console.events import catalogue, queries
from console.events.models import TestEvent
from console.events.views.sources import shown
from console.functions.models import Function
from console.functions.queries import numbered

register = template.Library()


@register.simple_tag(takes_context=True)
def test_tab(context: Context) -> dict[str, Any]:
    """The tab's data. Needs `request` (of a member) and `function` in the context."""
    request, function = context["request"], context["function"]
    person: User = request.user
    run = queries.last_run(function=function, user=person)
    return {
        "base": f"/{function.account_id}/functions/{function.name}/events/",
        "socket": f"/ws/{function.account_id}/functions/{function.name}/",
        "events": [_listed(one, person) for one in queries.listed(function=function, user=person)],
        "sources": [shown(source) for source in catalogue.sources()],
        "selected": request.GET.get("event", ""),
        "targets": ["draft", "$LATEST", *_versions(function)],
        "run": run.pk if run else None,
        "canSave": allows(request.membership, Action.SAVE_EVENT),
        "canRun": allows(request.membership, Action.INVOKE),
        "canEditFiles": allows(request.membership, Action.EDIT_DRAFT),
    }


def _versions(function: Function) -> list[str]:
    return list(numbered(function).values_list("version", flat=True)[:20])


def _listed(event: TestEvent, person: User) -> dict[str, Any]:
    return {
        "id": event.pk,
        "name": event.name,
        "sharing": event.sharing,
        "owner": event.owner.get_username() if event.owner else "",
        "mine": event.owner_id == person.pk,
        "source": event.source,
        "expects": bool(event.expectation),
        "revision": event.revision,
        "last_outcome": event.last_outcome,
    }
