"""What every tab of a function's page shows around its own content."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from console.accounts.access import MemberRequest, allows
from console.accounts.roles import Action
from console.functions import queries, runtimes
from console.functions.models import Function, FunctionVersion
from runner.spec import RuntimeInfo


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the function page."""

    name: str
    title: str


TABS = (
    Tab("code", "Code"),
    Tab("test", "Test"),
    Tab("monitor", "Monitor"),
    Tab("configuration", "Configuration"),
    Tab("aliases", "Aliases"),
    Tab("versions", "Versions"),
)


def function_of(request: MemberRequest, name: str) -> Function:
    """The function of the address. Refuses with FunctionNotFound."""
    return queries.function_in(account_id=request.account.pk, name=name)


def page_context(request: MemberRequest, function: Function, tab: str) -> dict[str, Any]:
    """The context of templates/functions/layout.html, which every tab extends."""
    latest = queries.version_of(function)
    return {
        "function": function,
        "latest": latest,
        "arn": queries.arn_of(function),
        "language": runtimes.language_of(latest.runtime),
        "runtime": _runtime(latest),
        "tabs": [
            {"title": each.title, "current": each.name == tab, "url": tab_url(function, each.name)}
            for each in TABS
        ],
        "versions": list(queries.numbered(function)[:20]),
        "undeployed": queries.has_undeployed_changes(function, latest),
        "may": {
            "invoke": allows(request.membership, Action.INVOKE),
            "edit": allows(request.membership, Action.EDIT_DRAFT),
            "create": allows(request.membership, Action.CREATE_FUNCTION),
            "configure": allows(request.membership, Action.CONFIGURE),
            "deploy": allows(request.membership, Action.DEPLOY),
            "publish": allows(request.membership, Action.PUBLISH),
            "delete": allows(request.membership, Action.DELETE_FUNCTION),
        },
        "urls": _urls(function),
    }


def tab_url(function: Function, tab: str) -> str:
    """The address of a tab."""
    return reverse(f"functions:{tab}", args=[function.account_id, function.name])


def _urls(function: Function) -> dict[str, str]:
    base = f"/{function.account_id}"
    long = f"{base}/functions/{function.name}/"
    return {
        "page": tab_url(function, "code"),
        "api": long,
        "socket": f"/ws{long}",
        "workspace": f"{base}/workspaces/{function.draft_id}/",
        "events": f"{long}events/",
        "environment": reverse(
            "functions:configuration-part", args=[function.account_id, function.name, "environment"]
        ),
    }


def _runtime(latest: FunctionVersion) -> RuntimeInfo | None:
    """The runtime as the runner knows it; None for a name that it knows no more."""
    return next((one for one in runtimes.known() if one.name == latest.runtime), None)
