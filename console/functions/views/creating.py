"""Creating, duplicating and deleting functions."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from console.accounts.access import MemberRequest, member
from console.accounts.roles import Action
from console.errors import ConsoleError
from console.functions import blueprints, runtimes, services
from console.functions.forms import CreateForm, DeleteForm, DuplicateForm, add_refusal
from console.functions.models import Function
from console.functions.views.context import function_of, page_context, tab_url
from runner.errors import Refused

SCRATCH = "hello-world"
"""From scratch starts with a hello world too: an empty file teaches nothing."""


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.CREATE_FUNCTION)
def create(request: MemberRequest) -> HttpResponse:
    form = CreateForm(
        request.POST or None,
        request.FILES or None,
        initial={
            "way": request.GET.get("way", "scratch"),
            "blueprint": request.GET.get("blueprint", ""),
            "runtime": runtimes.default(),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            function = _create(request, form.cleaned_data)
        except (ConsoleError, Refused) as refusal:
            field = getattr(refusal, "field", "") or (
                "archive" if form["way"].value() == "zip" else ""
            )
            add_refusal(form, field, refusal.message)
        else:
            messages.success(request, f"Successfully created the function {function.name}.")
            return redirect(tab_url(function, "code"))
    way = form["way"].value()
    context = {
        "form": form,
        "way": way,
        "ways": _ways(way),
        "blueprints": blueprints.every(),
        "chosen": form["blueprint"].value(),
        "languages": {"python": "Python", "node": "Node.js"},
    }
    status = 400 if form.errors else 200
    return render(request, "functions/create.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.CREATE_FUNCTION)
def duplicate(request: MemberRequest, *, name: str) -> HttpResponse:
    function = function_of(request, name)
    form = DuplicateForm(request.POST or None, initial={"name": f"{name}-copy"[:64]})
    if request.method == "POST" and form.is_valid():
        try:
            copy = services.duplicate_function(
                function=function, name=form.cleaned_data["name"], by=request.user
            )
        except ConsoleError as refusal:
            add_refusal(form, refusal.field, refusal.message)
        else:
            messages.success(request, f"Successfully created {copy.name} from {function.name}.")
            return redirect(tab_url(copy, "code"))
    return _asked(request, "functions/duplicate.html", function, form)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.DELETE_FUNCTION)
def delete(request: MemberRequest, *, name: str) -> HttpResponse:
    function = function_of(request, name)
    form = DeleteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.delete_function(
                function=function, typed_name=form.cleaned_data["name"], by=request.user
            )
        except ConsoleError as refusal:
            add_refusal(form, refusal.field, refusal.message)
        else:
            messages.success(request, f"Deleted the function {name}.")
            return redirect(reverse("functions:list", args=[request.account.pk]))
    return _asked(request, "functions/delete.html", function, form)


def _create(request: MemberRequest, given: dict[str, Any]) -> Function:
    language = runtimes.info(given["runtime"]).language
    common = {
        "account": request.account,
        "name": given["name"],
        "runtime": given["runtime"],
        "description": given["description"],
        "by": request.user,
    }
    if given["way"] == "zip":
        archive = given["archive"].read()
        return services.create_function(archive=archive, handler=given["handler"], **common)
    start = blueprints.named(given["blueprint"] if given["way"] == "blueprint" else SCRATCH)
    return services.create_function(
        files=start.files[language],
        handler=start.handlers[language],
        memory_mb=start.memory_mb,
        timeout_s=start.timeout_s,
        events=start.events,
        **common,
    )


def _ways(current: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "title": title, "current": name == current}
        for name, title in (
            ("scratch", "Author from scratch"),
            ("blueprint", "Use a blueprint"),
            ("zip", "Upload a zip"),
        )
    ]


def _asked(request: MemberRequest, template: str, function: Function, form: Any) -> HttpResponse:
    context = page_context(request, function, "") | {"form": form}
    return render(request, template, context, status=400 if form.errors else 200)
