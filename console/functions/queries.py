"""Reading functions."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from console.arns import function_arn
from console.functions import manifests, runtimes
from console.functions.errors import FunctionNotFound
from console.functions.models import Function, FunctionVersion, PendingDeploy
from console.functions.results import Shown, shown
from editor import services as editor
from editor.contents import store
from editor.models import Workspace
from runner import services as runner
from runner.models import Build, Invocation, Payload
from runner.spec import LOG_TAIL_BYTES, InvocationResult

MAX_LOG = 524_288
SORTS = {
    "name": "function__name",
    "-name": "-function__name",
    "runtime": "runtime",
    "-runtime": "-runtime",
    "memory": "memory_mb",
    "-memory": "-memory_mb",
    "modified": "modified_at",
    "-modified": "-modified_at",
}


def function_in(*, account_id: str, name: str) -> Function:
    """A function of an account. Refuses with FunctionNotFound."""
    function = (
        Function.objects.select_related("draft", "account")
        .filter(account_id=account_id, name=name)
        .first()
    )
    if function is None:
        raise FunctionNotFound(f"There is no function {name} in this account.", field="name")
    return function


def version_of(function: Function, qualifier: str = FunctionVersion.LATEST) -> FunctionVersion:
    """$LATEST or a numbered version. Refuses with FunctionNotFound."""
    try:
        # Not `first`: what orders one row costs every call 0.1 ms.
        return function.versions.get(version=qualifier)
    except FunctionVersion.DoesNotExist:
        raise FunctionNotFound(
            f"{function.name} has no version {qualifier}.", field="qualifier"
        ) from None


def numbered(function: Function) -> QuerySet[FunctionVersion]:
    """The published versions, newest first."""
    # By length, then text: "10" comes after "9".
    published = function.versions.exclude(version=FunctionVersion.LATEST)
    return published.order_by(Length("version").desc(), "-version")


def arn_of(function: Function, qualifier: str = "") -> str:
    """The function's ARN."""
    return function_arn(
        region=settings.REGION,
        account_id=function.account_id,
        name=function.name,
        qualifier=qualifier,
    )


def listed(*, account_id: str, search: str = "", sort: str = "name") -> QuerySet[FunctionVersion]:
    """Every function of an account as its $LATEST row, with what the list shows."""
    rows = FunctionVersion.objects.filter(
        version=FunctionVersion.LATEST, function__account_id=account_id
    ).select_related("function")
    for word in search.split():
        rows = rows.filter(
            Q(function__name__icontains=word)
            | Q(function__description__icontains=word)
            | Q(runtime__icontains=word)
        )
    return rows.order_by(SORTS.get(sort, SORTS["name"]), "function__name")


@dataclass(frozen=True, slots=True)
class DraftStatus:
    """How the draft differs from $LATEST, and whether a deploy is waiting for its build."""

    changed: bool
    draft_revision: int
    deployed_revision: int
    changed_paths: list[str]
    build: str
    error: str


def draft_status(function: Function) -> DraftStatus:
    """Compare the draft with what is deployed."""
    tree, revision = editor.snapshot(function.draft)
    latest = version_of(function)
    pending = PendingDeploy.objects.filter(function=function).first()
    return DraftStatus(
        changed=tree != latest.code,
        draft_revision=revision,
        deployed_revision=latest.draft_revision,
        changed_paths=changed_paths(latest.code, tree),
        build=pending.build if pending and not pending.error else "",
        error=pending.error if pending else "",
    )


def changed_paths(old: str, new: str) -> list[str]:
    """The paths that two trees do not hold alike."""
    if old == new:
        return []
    before, after = store().get_tree(old), store().get_tree(new)
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def has_undeployed_changes(function: Function, latest: FunctionVersion) -> bool:
    """Whether the badge "Changes not deployed" is shown."""
    revision = Workspace.objects.values_list("revision", flat=True).get(pk=function.draft_id)
    return revision != latest.draft_revision and editor.tree_of(function.draft) != latest.code


# -- runs


def runs_of(function: Function) -> QuerySet[Invocation]:
    """Every recorded run of a function, newest first, payloads not loaded."""
    return runner.invocations(account_id=function.account_id, function_arn=arn_of(function))


def invocation_of(function: Function, request_id: str) -> Invocation:
    """One run of a function. Refuses with FunctionNotFound."""
    try:
        key = uuid.UUID(request_id)
    except ValueError:
        key = None
    row = runs_of(function).filter(request_id=key).first() if key else None
    if row is None:
        raise FunctionNotFound(
            f"There is no run {request_id[:40]} of {function.name}: it may have been pruned.",
            field="request_id",
        )
    return row


def is_at_hand(fields: Mapping[str, Any]) -> bool:
    """Whether a streamed result can be shown without a query: the common one can."""
    short = len(fields["log_tail"].encode()) < LOG_TAIL_BYTES
    return short and not fields["limit"] and not fields["function_error"]


def shown_result(request_id: str, fields: Mapping[str, Any], label: str) -> Shown:
    """A streamed result as the page shows it, with the log it printed."""
    result = runner.result_from_json(fields)
    if is_at_hand(fields):
        return shown(result, log=result.log_tail.decode("utf-8", "replace"), label=label)
    row = Invocation.objects.select_related("spec").get(request_id=request_id)
    return _shown(row, result)


def log_of(invocation: Invocation) -> tuple[str, bool]:
    """A run's log, its last 512 KB, and whether that is less than all."""
    text = runner.read_log(invocation=invocation)
    return (text[-MAX_LOG:], True) if len(text) > MAX_LOG else (text, False)


def check_build(function: Function, key: str) -> None:
    """Refuse with FunctionNotFound a build that this function does not wait for.

    Builds are shared by content: whichever account asked first has its name
    on the row, so what counts is that the function's code names the key.
    """
    named = (
        function.versions.filter(build=key).exists()
        or PendingDeploy.objects.filter(function=function, build=key).exists()
        or key == _draft_build(function)
    )
    if not named or not Build.objects.filter(key=key).exists():
        raise FunctionNotFound("There is no such build.", field="key")


def _draft_build(function: Function) -> str:
    runtime = version_of(function).runtime
    needed = manifests.needed(runtimes.language_of(runtime), editor.tree_of(function.draft))
    return runner.build_key(runtime=runtime, manifests=needed) if needed else ""


@dataclass(frozen=True, slots=True)
class Payloads:
    """What went into a run and what came out."""

    event: bytes
    response: bytes


def payload_of(invocation: Invocation) -> Payloads:
    """A run's event and response, empty when they were pruned."""
    payload = Payload.objects.filter(pk=invocation.pk).first()
    if payload is None:
        return Payloads(b"", b"")
    return Payloads(bytes(payload.event), bytes(payload.response or b""))


def result_of(invocation: Invocation) -> Shown | None:
    """An ended run's result as the page shows it."""
    result = runner.read_result(request_id=str(invocation.request_id))
    if result is None:
        return None
    return _shown(invocation, result)


def _shown(invocation: Invocation, result: InvocationResult) -> Shown:
    log, truncated = log_of(invocation)
    document = invocation.spec.document
    return shown(
        result,
        log=log,
        log_truncated=truncated,
        timeout_s=document.get("timeout_s", 0),
        tmp_mb=document.get("tmp_mb", 0),
        label=invocation.label,
    )
