"""Running a function. There is one way in."""

from django.conf import settings

from console.accounts.models import Account
from console.functions import queries
from console.functions.errors import BuildBroken, BuildNeeded, FunctionNotFound
from console.functions.models import Function, FunctionVersion
from console.functions.secrets import unseal
from console.functions.services.latest import build_for
from editor import services as editor
from runner import services as runner
from runner.models import Build
from runner.spec import FunctionSpec, InvocationType

DRAFT = "draft"
"""The qualifier that runs the files being edited, under $LATEST's configuration."""


def invoke(
    *,
    account: Account,
    function: Function,
    qualifier: str,
    event: bytes,
    caller: str,
    request_id: str = "",
    label: str = "",
    trace_id: str = "",
    invocation_type: InvocationType = InvocationType.REQUEST_RESPONSE,
    rebuild: bool = False,
) -> str:
    """Start one run and return its request id; the result comes by `runner.services`.

    `qualifier` is "draft", "$LATEST" or a version number; `caller` who or
    what calls, as the invocation list shows it. Refuses with FunctionNotFound,
    with BuildNeeded while the code's dependencies are being installed, with
    BuildBroken when they could not be (`rebuild` tries once more instead),
    and as `runner.services.start_invocation` does.
    """
    if function.account_id != account.pk:
        raise FunctionNotFound(f"There is no function {function.name} in this account.")
    spec = spec_of(function, qualifier, rebuild=rebuild)
    return runner.start_invocation(
        spec=spec,
        event=event,
        caller=caller,
        qualifier=FunctionVersion.LATEST if qualifier == DRAFT else qualifier,
        invocation_type=invocation_type,
        request_id=request_id,
        label=label,
        trace_id=trace_id,
        account_limit=account.concurrency_limit,
    )


def spec_of(function: Function, qualifier: str, *, rebuild: bool = False) -> FunctionSpec:
    """The frozen specification of a version or of the draft. Refuses as `invoke`."""
    draft = qualifier == DRAFT
    version = queries.version_of(function, FunctionVersion.LATEST if draft else qualifier)
    code = editor.tree_of(function.draft) if draft else version.code
    return FunctionSpec(
        account_id=function.account_id,
        region=settings.REGION,
        function_name=function.name,
        version=version.version,
        runtime=version.runtime,
        handler=version.handler,
        code=code,
        memory_mb=version.memory_mb,
        timeout_s=version.timeout_s,
        tmp_mb=version.tmp_mb,
        dependencies=_dependencies(function, version, code, rebuild=rebuild),
        environment=unseal(version.environment),
        draft=draft,
        reserved_concurrency=function.reserved_concurrency,
    )


def stop(*, function: Function, request_id: str) -> None:
    """Ask that a run of this function end now. Refuses with the runner's InvocationNotFound."""
    queries.invocation_of(function, request_id)
    runner.stop_invocation(account_id=function.account_id, request_id=request_id)


def _dependencies(function: Function, version: FunctionVersion, code: str, *, rebuild: bool) -> str:
    """The tree of dependencies of this code. Refuses with BuildNeeded until it is there."""
    if code == version.code and (version.dependencies or not version.build):
        return version.dependencies
    build = build_for(
        account_id=function.account_id, runtime=version.runtime, tree=code, again=rebuild
    )
    if build is None:
        return ""
    if build.state == Build.State.READY:
        return build.tree
    if build.state == Build.State.FAILED:
        raise BuildBroken(build.error)
    raise BuildNeeded(build.key)
