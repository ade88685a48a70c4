"""The list of an account's functions."""

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from console.accounts.access import MemberRequest, member
from console.accounts.roles import Action
from console.functions import queries

PER_PAGE = 50
COLUMNS = (
    ("name", "Function name"),
    ("runtime", "Runtime"),
    ("memory", "Memory"),
    ("modified", "Last modified"),
)


@require_GET
@member(Action.VIEW)
def functions(request: MemberRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()[:100]
    sort = request.GET.get("sort", "name")
    sort = sort if sort in queries.SORTS else "name"
    rows = queries.listed(account_id=request.account.pk, search=search, sort=sort)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "search": search,
        "sort": sort,
        "columns": [_column(name, title, sort, search) for name, title in COLUMNS],
        "query": _query(search, sort),
    }
    if not request.headers.get("HX-Request"):
        return render(request, "functions/list.html", context)
    response = render(request, "functions/rows.html", context)
    # The address says what is shown, so that it can be reloaded and passed on.
    response["HX-Replace-Url"] = request.get_full_path()
    return response


def _column(name: str, title: str, sort: str, search: str) -> dict[str, str]:
    backwards = sort == name
    order = {name: "ascending", f"-{name}": "descending"}.get(sort, "none")
    return {
        "title": title,
        "order": order,
        "url": "?" + _query(search, f"-{name}" if backwards else name).rstrip("&"),
    }


def _query(search: str, sort: str) -> str:
    parameters = QueryDict(mutable=True)
    if search:
        parameters["q"] = search
    if sort != "name":
        parameters["sort"] = sort
    return parameters.urlencode() + "&" if parameters else ""
