"""The Configuration tab: general configuration, environment variables, tags."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from console.accounts.access import MemberRequest, member, require
from console.accounts.roles import Action
from console.errors import ConsoleError, Invalid
from console.functions import queries, secrets, services
from console.functions.forms import GeneralForm, add_refusal
from console.functions.models import Function
from console.functions.views.context import function_of, page_context

PARTS = {
    "general": "General configuration",
    "environment": "Environment variables",
    "tags": "Tags",
}
SPARE_ROWS = 3
MAX_ROWS = 200


@dataclass(slots=True)
class Row:
    """A name and a value of a form of pairs.

    `kept` is the name under which a value is stored; what is typed replaces
    it, also nothing once it was `shown`.
    """

    name: str
    value: str = ""
    kept: str = ""
    shown: bool = False

    @property
    def hidden(self) -> bool:
        """Whether the stored value stays as it is, unseen."""
        return bool(self.kept and not self.value and not self.shown)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.VIEW)
def part(request: MemberRequest, *, name: str, part: str = "general") -> HttpResponse:
    if part not in PARTS:
        raise Http404
    function = function_of(request, name)
    if request.method == "POST":
        require(request.membership, Action.CONFIGURE)
    return _VIEWS[part](request, function)


@require_POST
@member(Action.CONFIGURE)
def reveal(request: MemberRequest, *, name: str) -> HttpResponse:
    """Show one variable's value, in its row or on the whole page."""
    function = function_of(request, name)
    variable = request.POST.get("variable", "")
    value = services.reveal(function=function, by=request.user, variable=variable)
    if request.headers.get("HX-Request"):
        return render(request, "functions/revealed.html", {"name": variable, "value": value})
    rows = _rows(request.POST)
    for row in rows:
        if row.kept == variable and not row.value:
            row.value, row.shown = value, True
    return _pairs(request, function, "environment", rows, "")


def _general(request: MemberRequest, function: Function) -> HttpResponse:
    latest = queries.version_of(function)
    initial = {
        "description": function.description,
        "runtime": latest.runtime,
        "handler": latest.handler,
        "memory_mb": latest.memory_mb,
        "timeout_s": latest.timeout_s,
        "tmp_mb": latest.tmp_mb,
    }
    form = GeneralForm(request.POST or None, initial=initial, present=latest.runtime)
    if request.method == "POST" and form.is_valid():
        try:
            services.configure(function=function, by=request.user, **form.cleaned_data)
        except ConsoleError as refusal:
            add_refusal(form, refusal.field, refusal.message)
        else:
            return _updated(request, function, "general")
    context = _context(request, function, "general") | {"form": form}
    status = 400 if form.errors else 200
    return render(request, "functions/configuration_general.html", context, status=status)


def _environment(request: MemberRequest, function: Function) -> HttpResponse:
    present = secrets.unseal(queries.version_of(function).environment)
    if request.method != "POST":
        return _pairs(
            request, function, "environment", [Row(name, kept=name) for name in sorted(present)], ""
        )
    rows = _rows(request.POST)
    try:
        services.set_environment(function=function, by=request.user, variables=_variables(rows))
    except Invalid as refusal:
        return _pairs(request, function, "environment", rows, refusal.message, refusal.field)
    return _updated(request, function, "environment")


def _tags(request: MemberRequest, function: Function) -> HttpResponse:
    if request.method != "POST":
        rows = [Row(key, value) for key, value in sorted(function.tags.items())]
        return _pairs(request, function, "tags", rows, "")
    rows = _rows(request.POST)
    try:
        tags = _unique({}, rows)
        services.set_tags(
            function=function,
            by=request.user,
            tags={key: value or "" for key, value in tags.items()},
        )
    except Invalid as refusal:
        return _pairs(request, function, "tags", rows, refusal.message, refusal.field)
    return _updated(request, function, "tags")


_VIEWS = {"general": _general, "environment": _environment, "tags": _tags}


def _variables(rows: list[Row]) -> dict[str, str | None]:
    kept: dict[str, str | None] = {}
    for row in rows:
        if row.hidden:
            if row.name and row.name != row.kept:
                raise Invalid(
                    f"Type the value of {row.name} again: it has a new name.", field=row.name
                )
            if row.name:
                kept[row.name] = None
    return _unique(kept, [row for row in rows if not row.hidden])


def _unique(start: dict[str, str | None], rows: list[Row]) -> dict[str, str | None]:
    pairs = dict(start)
    for row in rows:
        if not row.name:
            if row.value and not row.kept:
                raise Invalid("A value has no name.", field="")
            continue
        if row.name in pairs:
            raise Invalid(f"{row.name} is there twice.", field=row.name)
        pairs[row.name] = row.value
    return pairs


def _rows(given: QueryDict) -> list[Row]:
    names, values, kept = given.getlist("name"), given.getlist("value"), given.getlist("kept")
    shown = set(given.getlist("shown"))
    rows = [
        Row(name.strip(), value, before, before in shown)
        for name, value, before in zip(names, values, kept, strict=False)
    ]
    return [row for row in rows[:MAX_ROWS] if row.name or row.value or row.kept]


def _pairs(
    request: MemberRequest,
    function: Function,
    part: str,
    rows: list[Row],
    error: str,
    field: str = "",
) -> HttpResponse:
    context = _context(request, function, part) | {
        "rows": rows + [Row("") for _ in range(SPARE_ROWS)],
        "error": error,
        "error_name": field,
    }
    status = 400 if error else 200
    return render(request, f"functions/configuration_{part}.html", context, status=status)


def _context(request: MemberRequest, function: Function, part: str) -> dict[str, Any]:
    arguments = [function.account_id, function.name]
    return page_context(request, function, "configuration") | {
        "parts": [
            {
                "title": title,
                "current": name == part,
                "url": reverse("functions:configuration-part", args=[*arguments, name]),
            }
            for name, title in PARTS.items()
        ],
        "part_title": PARTS[part],
    }


def _updated(request: MemberRequest, function: Function, part: str) -> HttpResponse:
    messages.success(request, f"Successfully updated the function {function.name}.")
    return redirect(
        reverse("functions:configuration-part", args=[function.account_id, function.name, part])
    )
