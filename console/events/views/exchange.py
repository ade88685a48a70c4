"""Importing and exporting events."""

import json
import re

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from console.accounts.access import MemberRequest, member
from console.accounts.roles import Action
from console.errors import Invalid
from console.events import queries, services
from console.events.bodies import LIMIT
from console.events.views import input as given
from console.events.views.saved import SHARING

MOST_BYTES = 4 * LIMIT


@require_GET
@member(Action.VIEW)
def export(request: MemberRequest, name: str) -> HttpResponse:
    """All events as one JSON document, or one event's body with ?event=."""
    function = given.function_of(request, name)
    one = given.number(request.GET.dict(), "event")
    if one is not None:
        event = queries.event_for(function=function, user=request.user, event_id=one)
        return _file(f"{event.name}.json", event.body)
    document = services.export_document(function=function, by=request.user)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _file(f"{function.name}-test-events.json", text)


@require_POST
@member(Action.SAVE_EVENT)
def import_file(request: MemberRequest, name: str) -> HttpResponse:
    """Take in a file: an exported document, or any JSON as one event named after it."""
    function = given.function_of(request, name)
    upload = request.FILES.get("file")
    if upload is None:
        raise Invalid("Choose a JSON file.", field="file")
    if (upload.size or 0) > MOST_BYTES:
        raise Invalid(f"The file has {upload.size:,} bytes; {MOST_BYTES:,} are the most.")
    try:
        text = upload.read().decode()
    except UnicodeDecodeError:
        raise Invalid("The file is not text in UTF-8.", field="file") from None
    sharing = request.POST.get("sharing", "")
    done = services.import_document(
        function=function,
        by=request.user,
        name=re.sub(r"\.json$", "", upload.name or "", flags=re.IGNORECASE),
        text=text,
        sharing=SHARING.get(sharing, sharing),
    )
    return JsonResponse({"message": f"Imported: {done}."})


@require_POST
@member(Action.SAVE_EVENT)
def import_draft(request: MemberRequest, name: str) -> HttpResponse:
    """Take in events/*.json of the function's files."""
    function = given.function_of(request, name)
    done = services.import_from_draft(function=function, by=request.user)
    return JsonResponse({"message": f"From the function's files: {done}."})


@require_POST
@member(Action.EDIT_DRAFT)
def export_draft(request: MemberRequest, name: str) -> HttpResponse:
    """Write events to events/*.json of the function's files."""
    function, values = given.function_of(request, name), given.sent(request)
    paths = services.export_to_draft(
        function=function, by=request.user, ids=given.ids(values, "events")
    )
    count = len(paths)
    message = f"{count} file{'s are' if count != 1 else ' is'} in events/ of the function's files."
    return JsonResponse({"message": message, "paths": paths})


def _file(name: str, text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    # Names were checked when they were saved; quotes and line ends cannot be in them.
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    response["Content-Disposition"] = f'attachment; filename="{ascii_name}"'
    return response
