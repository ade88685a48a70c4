"""What the dashboard shows, read from the areas below."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from console.accounts.models import Account
from console.functions.models import Function, FunctionVersion
from runner import services as runner
from runner.models import Invocation
from runner.spec import State

RECENT = 6
BAD = (State.FAILED, State.LOST)
WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Run:
    """A line of a list of runs."""

    invocation: Invocation
    function: str

    @property
    def caller(self) -> str:
        """Who or what called, without the kind that the record puts before it."""
        kind, _, name = self.invocation.caller.partition(":")
        return name if kind == "user" and name else self.invocation.caller


@dataclass(frozen=True, slots=True)
class Failure:
    """A function's failures of one kind within the window."""

    function: str
    error_type: str
    count: int
    newest: Any
    newest_id: str


@dataclass(frozen=True, slots=True)
class Day:
    """The account's last 24 hours in numbers."""

    runs: int
    failed: int
    cold: int


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to isolate: why it can't be used ("" when it can), and what it runs, in words."""

    name: str
    problem: str
    runs: str


@dataclass(frozen=True, slots=True)
class Node:
    """What this installation runs functions with. See `runner.services.node_status`."""

    backends: list[Backend]
    images: dict[str, Any]
    running: int
    prepared: int
    warm: int
    problem: str

    @property
    def serving(self) -> list[str]:
        """The names of usable backends, in the order in which they are asked."""
        return [each.name for each in self.backends if not each.problem]

    @property
    def building(self) -> bool:
        return self.images.get("state") == "building"


def node() -> Node:
    """The node's state as its runners last told it."""
    status = cast(dict[str, Any], runner.node_status())
    return Node(
        backends=[
            Backend(each["name"], each["problem"], in_words(each["interpreters"]))
            for each in status["backends"]
        ],
        images=status["images"],
        running=status["running"],
        prepared=status["prepared"],
        warm=status["warm"],
        problem=status.get("problem", ""),
    )


LANGUAGES = {"python": "Python", "node": "Node.js"}


def in_words(interpreters: Iterable[Mapping[str, Any]]) -> str:
    """What is installed, short: "Python 3.9, 3.11 · Node.js 20", without its places."""
    versions: dict[str, set[tuple[int, ...]]] = {}
    for each in interpreters:
        parts = tuple(int(part) for part in str(each["version"]).split(".")[:2])
        shown = parts[:1] if each["language"] == "node" else parts
        versions.setdefault(str(each["language"]), set()).add(shown)
    return " · ".join(
        f"{LANGUAGES.get(language, language)} "
        + ", ".join(".".join(map(str, version)) for version in sorted(found))
        for language, found in versions.items()
    )


def recent_functions(account: Account) -> QuerySet[FunctionVersion]:
    """The functions last deployed or configured, as their $LATEST rows."""
    return (
        FunctionVersion.objects.select_related("function")
        .filter(version=FunctionVersion.LATEST, function__account=account)
        .order_by("-modified_at")[:RECENT]
    )


def recent_runs(account: Account) -> list[Run]:
    """The newest runs of any function."""
    rows = runner.invocations(account_id=account.pk)[: RECENT + 2]
    return [Run(invocation=row, function=_name(row.function_arn)) for row in rows]


def failures(account: Account) -> list[Failure]:
    """What failed within the window, by function and error, newest first."""
    bad = runner.invocations(account_id=account.pk).filter(
        state__in=BAD, created_at__gte=timezone.now() - WINDOW
    )
    groups = (
        bad.order_by()
        .values("function_arn", "error_type")
        .annotate(count=Count("pk"), newest=Max("created_at"))
        .order_by("-newest")[:RECENT]
    )
    return [
        Failure(
            function=_name(group["function_arn"]),
            error_type=group["error_type"] or "It did not end",
            count=group["count"],
            newest=group["newest"],
            newest_id=_newest(bad, group),
        )
        for group in groups
    ]


def day(account: Account) -> Day:
    """The numbers of the last 24 hours."""
    found = (
        runner.invocations(account_id=account.pk)
        .filter(created_at__gte=timezone.now() - WINDOW)
        .order_by()
        .aggregate(
            runs=Count("pk"),
            failed=Count("pk", filter=Q(state__in=BAD)),
            cold=Count("pk", filter=Q(cold=True)),
        )
    )
    return Day(**found)


def search(account: Account, text: str) -> QuerySet[Function]:
    """Functions whose name has every word of `text`."""
    found = Function.objects.filter(account=account).order_by("name")
    for word in text.split():
        found = found.filter(name__icontains=word)
    return found


def _newest(bad: QuerySet[Invocation], group: Mapping[str, Any]) -> str:
    same = bad.filter(function_arn=group["function_arn"], error_type=group["error_type"])
    return str(same.values_list("pk", flat=True)[0])


def _name(arn: str) -> str:
    return arn.rsplit(":", 1)[-1]
