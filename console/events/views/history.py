"""An event's revisions and what changed between them."""

import json

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from console.accounts.access import MemberRequest, member
from console.accounts.roles import Action
from console.events import differences, queries
from console.events.models import TestEventRevision
from console.events.views import input as given


@require_GET
@member(Action.VIEW)
def history(request: MemberRequest, name: str, event_id: int) -> HttpResponse:
    """The revisions of an event, and the difference from ?from= to ?to=: as JSON."""
    function = given.function_of(request, name)
    event = queries.event_for(function=function, user=request.user, event_id=event_id)
    kept = list(queries.history(event))
    asked = request.GET.dict()
    newer = given.number(asked, "to") or event.revision
    older = given.number(asked, "from") or max(
        (one.revision for one in kept if one.revision < newer), default=newer
    )
    before, after = queries.revision_of(event, older), queries.revision_of(event, newer)
    body = differences.rows(before.body, after.body)
    expected = differences.rows(_expected(before), _expected(after))
    return JsonResponse(
        {
            "revisions": [_listed(one) for one in kept],
            "from": older,
            "to": newer,
            "body": after.body,
            "difference": [[row.mark, row.text] for row in body],
            "expectation": [[row.mark, row.text] for row in expected],
        }
    )


def _listed(revision: TestEventRevision) -> dict[str, object]:
    return {
        "revision": revision.revision,
        "saved_by": revision.saved_by.get_username() if revision.saved_by else "",
        "saved_at": revision.saved_at.isoformat(),
    }


def _expected(revision: TestEventRevision) -> str:
    if not revision.expectation:
        return ""
    return json.dumps(revision.expectation, indent=2, ensure_ascii=False)
