"""The tabs Code, Test, Aliases and Versions, and the download."""

import json

from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods

from console.accounts.access import MemberRequest, member, require
from console.accounts.roles import Action
from console.errors import ConsoleError
from console.functions import queries, services
from console.functions.forms import PublishForm, add_refusal
from console.functions.secrets import unseal
from console.functions.views.context import function_of, page_context, tab_url
from editor import services as editor
from editor.contents import store


# Monaco sets style attributes, which the other pages may not; in return nothing
# may become markup or code here without passing a Trusted Types policy.
@csp_update({"style-src-attr": ["'unsafe-inline'"], "require-trusted-types-for": ["'script'"]})
@require_GET
@member(Action.VIEW)
def code(request: MemberRequest, *, name: str) -> HttpResponse:
    function = function_of(request, name)
    context = page_context(request, function, "code")
    context |= {
        "variables": json.dumps(sorted(unseal(context["latest"].environment))),
        "without_swaps": True,
    }
    return render(request, "functions/code.html", context)


@require_GET
@member(Action.VIEW)
def test(request: MemberRequest, *, name: str) -> HttpResponse:
    function = function_of(request, name)
    return render(request, "functions/test.html", page_context(request, function, "test"))


@require_GET
@member(Action.VIEW)
def aliases(request: MemberRequest, *, name: str) -> HttpResponse:
    function = function_of(request, name)
    context = page_context(request, function, "aliases")
    context |= {"versions_url": tab_url(function, "versions")}
    return render(request, "functions/aliases.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.VIEW)
def versions(request: MemberRequest, *, name: str) -> HttpResponse:
    function = function_of(request, name)
    form = PublishForm(request.POST or None)
    if request.method == "POST":
        require(request.membership, Action.PUBLISH)
        if form.is_valid():
            try:
                version = services.publish_version(
                    function=function, by=request.user, **form.cleaned_data
                )
            except ConsoleError as refusal:
                add_refusal(form, refusal.field, refusal.message)
            else:
                messages.success(request, f"Version {version.version} of {name} holds this code.")
                return redirect(tab_url(function, "versions"))
    context = page_context(request, function, "versions")
    context |= {"form": form, "published": queries.numbered(function)}
    return render(request, "functions/versions.html", context, status=400 if form.errors else 200)


@require_GET
@member(Action.VIEW)
def download(request: MemberRequest, *, name: str) -> HttpResponse:
    """The draft as a zip, or with ?qualifier= a version's code."""
    function = function_of(request, name)
    qualifier = request.GET.get("qualifier", services.DRAFT)
    if qualifier == services.DRAFT:
        tree = editor.tree_of(function.draft)
    else:
        tree = queries.version_of(function, qualifier).code
    response = HttpResponse(store().to_zip(tree), content_type="application/zip")
    file = f"{name}.zip" if qualifier == services.DRAFT else f"{name}-{qualifier}.zip"
    response["Content-Disposition"] = content_disposition_header(True, file) or "attachment"
    return response
