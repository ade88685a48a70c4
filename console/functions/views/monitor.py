"""The Monitor tab: every run of a function, and one run as it was."""

import json
import uuid
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from console.accounts.access import MemberRequest, member, require
from console.accounts.roles import Action
from console.functions import queries, services, statistics
from console.functions.views.context import function_of, page_context
from runner.models import Invocation
from runner.spec import FINAL_STATES, State

PER_PAGE = 25


@require_GET
@member(Action.VIEW)
def monitor(request: MemberRequest, *, name: str) -> HttpResponse:
    function = function_of(request, name)
    runs = queries.runs_of(function)
    chosen = _chosen(runs, request)
    parameters = request.GET.copy()
    parameters.pop("page", None)
    context: dict[str, Any] = {
        "function": function,
        "page": Paginator(chosen, PER_PAGE).get_page(request.GET.get("page")),
        "query": parameters.urlencode() + "&" if parameters else "",
        "filters": {key: request.GET.get(key, "") for key in ("state", "version", "request_id")},
        "states": list(State),
    }
    if request.headers.get("HX-Request"):
        response = render(request, "functions/runs.html", context)
        response["HX-Replace-Url"] = request.get_full_path()
        return response
    span = request.GET.get("span", "24h")
    span = span if span in statistics.SPANS else "24h"
    points = statistics.points(runs, span)
    context |= page_context(request, function, "monitor") | {
        "summaries": statistics.summaries(runs),
        "spans": [(key, title[0], key == span) for key, title in statistics.SPANS.items()],
        "points": points,
        "chart": [
            [int(point.at.timestamp()) for point in points],
            [point.count for point in points],
            [point.errors for point in points],
            [point.p95_ms for point in points],
        ],
    }
    return render(request, "functions/monitor.html", context)


@require_GET
@member(Action.VIEW)
def run(request: MemberRequest, *, name: str, request_id: uuid.UUID) -> HttpResponse:
    function = function_of(request, name)
    row = queries.invocation_of(function, str(request_id))
    payload = queries.payload_of(row)
    context = page_context(request, function, "monitor") | {
        "run": row,
        "event": _pretty(payload.event),
        "event_text": payload.event.decode("utf-8", "replace"),
        "final": row.state in FINAL_STATES,
        "result": queries.result_of(row) if row.state in FINAL_STATES else None,
    }
    if context["result"] is not None:
        context["response"] = _pretty(payload.response)
    else:
        context["log"] = queries.log_of(row)[0]
    return render(request, "functions/run.html", context)


@require_POST
@member(Action.INVOKE)
def again(request: MemberRequest, *, name: str, request_id: uuid.UUID) -> HttpResponse:
    """Run the same event once more, on the draft or on what was invoked then."""
    function = function_of(request, name)
    row = queries.invocation_of(function, str(request_id))
    target = services.DRAFT if row.draft else row.version
    if target == services.DRAFT:
        require(request.membership, Action.EDIT_DRAFT)
    new = services.invoke(
        account=request.account,
        function=function,
        qualifier=target,
        event=queries.payload_of(row).event,
        caller=f"user:{request.user.get_username()}",
        label=row.label,
    )
    return redirect(reverse("functions:run", args=[request.account.pk, name, new]))


@require_POST
@member(Action.INVOKE)
def stop(request: MemberRequest, *, name: str, request_id: uuid.UUID) -> HttpResponse:
    services.stop(function=function_of(request, name), request_id=str(request_id))
    return redirect(reverse("functions:run", args=[request.account.pk, name, request_id]))


def _chosen(runs: QuerySet[Invocation], request: MemberRequest) -> QuerySet[Invocation]:
    state, version = request.GET.get("state", ""), request.GET.get("version", "").strip()
    request_id = request.GET.get("request_id", "").strip().lower()
    if state in list(State):
        runs = runs.filter(state=state)
    if version == services.DRAFT:
        runs = runs.filter(draft=True)
    elif version:
        runs = runs.filter(version=version, draft=False)
    if request_id:
        runs = _by_request_id(runs, request_id)
    return runs


def _by_request_id(runs: QuerySet[Invocation], text: str) -> QuerySet[Invocation]:
    """Runs whose id begins so: as a range, which is one for SQLite and PostgreSQL alike."""
    digits = text.replace("-", "")
    if not digits or len(digits) > 32 or any(d not in "0123456789abcdef" for d in digits):
        return runs.none()
    first, last = uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))
    return runs.filter(request_id__gte=first, request_id__lte=last)


def _pretty(content: bytes) -> str:
    """JSON laid out; as it came when it is none, too deep, or holds half a character."""
    try:
        text = json.dumps(json.loads(content), indent=2, ensure_ascii=False)
        text.encode()
        return text
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")
