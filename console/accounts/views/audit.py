"""The audit log as a page and as CSV."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from console.accounts import queries
from console.accounts.access import MemberRequest, member
from console.accounts.forms import AuditFilterForm
from console.accounts.models import AuditEntry
from console.accounts.queries import AuditFilter
from console.accounts.roles import Action

PER_PAGE = 50
COLUMNS = ("time", "actor", "action", "resource", "decision", "address", "detail")


@require_GET
@member(Action.MANAGE_ACCOUNT)
def audit(request: MemberRequest) -> HttpResponse:
    form, which = _filter(request)
    entries = queries.audit_entries(request.membership, which)
    query = request.GET.copy()
    query.pop("page", None)
    encoded = query.urlencode()
    context = {
        "form": form,
        "page": Paginator(entries, PER_PAGE).get_page(request.GET.get("page")),
        "query": f"{encoded}&" if encoded else "",
        "filtered": which != AuditFilter(),
        "export": f"/{request.account.pk}/audit/export.csv" + (f"?{encoded}" if encoded else ""),
    }
    return render(request, "accounts/audit.html", context)


@require_GET
@member(Action.MANAGE_ACCOUNT)
def export(request: MemberRequest) -> HttpResponseBase:
    _, which = _filter(request)
    entries = queries.audit_entries(request.membership, which)
    return StreamingHttpResponse(
        _csv(entries.iterator(chunk_size=500)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="audit-{request.account.pk}.csv"',
        },
    )


def _filter(request: MemberRequest) -> tuple[AuditFilterForm, AuditFilter]:
    form = AuditFilterForm(request.GET, actions=queries.audit_actions(request.membership))
    form.is_valid()
    return form, AuditFilter(**form.cleaned_data)


class _Line:
    """What csv writes to: keeps nothing, returns each line."""

    def write(self, line: str) -> str:
        return line


def _csv(entries: Iterator[AuditEntry]) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for entry in entries:
        row = (
            entry.at.isoformat(timespec="seconds"),
            entry.actor,
            entry.action,
            entry.resource,
            entry.decision,
            entry.address,
            json.dumps(entry.detail),
        )
        yield writer.writerow([_plain(cell) for cell in row])


def _plain(cell: str) -> str:
    """Spreadsheets run what starts like a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
