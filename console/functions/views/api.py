"""The JSON API of the function page: what is deployed, and Deploy."""

from dataclasses import asdict

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from console.accounts.access import MemberRequest, member
from console.accounts.roles import Action
from console.functions import queries, services
from console.functions.views.context import function_of
from editor.contents import store
from editor.queries import tree_listing, tree_read


@require_GET
@member(Action.VIEW)
def draft_status(request: MemberRequest, *, name: str) -> HttpResponse:
    return JsonResponse(asdict(queries.draft_status(function_of(request, name))))


@require_GET
@member(Action.VIEW)
def deployed_files(request: MemberRequest, *, name: str) -> HttpResponse:
    latest = queries.version_of(function_of(request, name))
    files = tree_listing(store().get_tree(latest.code))
    return JsonResponse(
        {"revision": latest.draft_revision, "files": [asdict(file) for file in files]}
    )


@require_GET
@member(Action.VIEW)
def deployed_file(request: MemberRequest, *, name: str) -> HttpResponse:
    latest = queries.version_of(function_of(request, name))
    path = request.GET.get("path", "")
    return JsonResponse(asdict(tree_read(tree=store().get_tree(latest.code), path=path)))


@require_POST
@member(Action.DEPLOY)
def deploy(request: MemberRequest, *, name: str) -> HttpResponse:
    done = services.deploy(function=function_of(request, name), by=request.user)
    if done.build:
        return JsonResponse({"build": done.build, "message": done.message}, status=202)
    return JsonResponse(
        {
            "version": "$LATEST",
            "modified_at": done.modified_at.isoformat(),
            "message": done.message,
        }
    )
