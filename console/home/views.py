"""The dashboard, the search and the way from `/` to the last account used."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from console.accounts.access import MemberRequest, allows, member, signed_in
from console.accounts.models import User
from console.accounts.queries import accounts_of
from console.accounts.roles import Action
from console.functions import blueprints
from console.home import queries

MOST_FOUND = 50


@require_GET
@signed_in
def start(request: HttpRequest) -> HttpResponse:
    """To the account used last, or to the list of accounts for people in none."""
    person = cast(User, request.user)
    mine = list(accounts_of(person).values_list("account_id", flat=True))
    if not mine:
        return redirect("accounts")
    last = person.last_account_id
    return redirect("home", account_id=last if last in mine else mine[0])


@require_GET
@member(Action.VIEW)
def home(request: MemberRequest) -> HttpResponse:
    functions = list(queries.recent_functions(request.account))
    context = {
        "functions": functions,
        "runs": queries.recent_runs(request.account),
        "failures": queries.failures(request.account),
        "day": queries.day(request.account),
        "node": queries.node(),
        "blueprints": blueprints.every(),
        "may_create": allows(request.membership, Action.CREATE_FUNCTION),
    }
    return render(request, "home/home.html", context)


@require_GET
@member(Action.VIEW)
def node(request: MemberRequest) -> HttpResponse:
    """The node's strip alone: it asks for itself again while images are built."""
    return render(request, "home/node.html", {"node": queries.node()})


@require_GET
@member(Action.VIEW)
def search(request: MemberRequest) -> HttpResponse:
    """Functions by name; a fragment for the box, a page without scripts."""
    text = request.GET.get("q", "").strip()
    fragment = bool(request.headers.get("HX-Request"))
    found = list(queries.search(request.account, text)[: MOST_FOUND + 1]) if text else []
    context = {"text": text, "found": found[:MOST_FOUND], "more": len(found) > MOST_FOUND}
    return render(request, "home/found.html" if fragment else "home/search.html", context)
