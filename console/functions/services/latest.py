"""$LATEST, and binding it to the dependencies that its code asks for."""

from console.accounts.models import User
from console.functions import manifests, runtimes
from console.functions.models import Function, FunctionVersion, PendingDeploy
from runner import services as runner
from runner.models import Build


def build_for(*, account_id: str, runtime: str, tree: str, again: bool = False) -> Build | None:
    """The build that this code needs, started if there is none; None when it needs none.

    With `again` one that failed is started again: somebody asked for it.
    """
    needed = manifests.needed(runtimes.language_of(runtime), tree)
    if not needed:
        return None
    return runner.ensure_build(
        account_id=account_id, runtime=runtime, manifests=needed, again=again
    )


def locked_latest(function: Function) -> FunctionVersion:
    """The function's $LATEST, nobody else's to change until the transaction ends."""
    latest = FunctionVersion.objects.select_for_update().get(
        function=function, version=FunctionVersion.LATEST
    )
    latest.function = function
    return latest


def settle(version: FunctionVersion, *, by: User | None) -> str:
    """Save a $LATEST with the dependencies of its code; the key of a build still under way.

    With none to wait for, an earlier deploy that was waiting is over: this
    one is newer.
    """
    build = bind(version)
    version.save()
    if build is None or build.state == Build.State.READY:
        PendingDeploy.objects.filter(function=version.function).delete()
        return ""
    wait(version, build, by=by)
    return build.key


def bind(version: FunctionVersion) -> Build | None:
    """Name in an unsaved version the build that its code needs; that build."""
    account_id = version.function.account_id
    build = build_for(account_id=account_id, runtime=version.runtime, tree=version.code)
    name_build(version, build)
    return build


def name_build(version: FunctionVersion, build: Build | None) -> None:
    """Write into an unsaved version which build its code has, and that build's tree."""
    version.build = build.key if build else ""
    version.dependencies = build.tree if build else ""


def wait(version: FunctionVersion, build: Build, *, by: User | None) -> None:
    """Promise that this version's code becomes $LATEST when the build is ready."""
    PendingDeploy.objects.update_or_create(
        function=version.function,
        defaults={
            "build": build.key,
            "code": version.code,
            "draft_revision": version.draft_revision,
            "requested_by": by,
            "error": "",
        },
    )
