"""Running many events, and looking at it."""

from dataclasses import asdict
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from console.accounts.access import MemberRequest, member
from console.accounts.roles import Action
from console.events import queries, services, tasks
from console.events.models import EventRun
from console.events.views import input as given


@require_POST
@member(Action.INVOKE)
def start(request: MemberRequest, name: str) -> HttpResponse:
    """Run the events with these ids, or all with an expectation: {"run", "address"}."""
    function, values = given.function_of(request, name), given.sent(request)
    started = services.start_run(
        function=function,
        by=request.user,
        target=given.text(values, "target", "draft"),
        ids=given.ids(values, "events"),
    )
    tasks.enqueue(started)
    address = f"/{request.account.pk}/functions/{function.name}/events/runs/{started.pk}/"
    return JsonResponse({"run": started.pk, "address": address})


@require_GET
@member(Action.VIEW)
def progress(request: MemberRequest, name: str, run_id: int) -> HttpResponse:
    """Where a run stands. Looking is what has an abandoned run taken over."""
    function = given.function_of(request, name)
    run = queries.run_for(function=function, user=request.user, run_id=run_id)
    tasks.enqueue_if_abandoned(run)
    return _shown(run)


@require_POST
@member(Action.INVOKE)
def stop(request: MemberRequest, name: str, run_id: int) -> HttpResponse:
    """Stop a run; where it stands then."""
    function = given.function_of(request, name)
    run = services.stop_run(function=function, by=request.user, run_id=run_id)
    return _shown(run)


@require_POST
@member(Action.INVOKE)
def check(request: MemberRequest, name: str, event_id: int, request_id: UUID) -> HttpResponse:
    """Hold a finished run against an event's expectation: {"passed", "failures"}."""
    function = given.function_of(request, name)
    failures = services.check_invocation(
        function=function, by=request.user, event_id=event_id, request_id=str(request_id)
    )
    return JsonResponse({"passed": not failures, "failures": [asdict(one) for one in failures]})


def _shown(run: EventRun) -> HttpResponse:
    names = ("event_id", "name", "state", "request_id", "failures", "duration_ms")
    rows = list(run.cases.values(*names))
    return JsonResponse({"state": run.state, "summary": queries.summary(run), "cases": rows})
