"""Deploy: the draft becomes $LATEST, at once or as soon as its dependencies are there."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from console.accounts.models import User
from console.accounts.roles import Action
from console.accounts.services.audit import record
from console.errors import Invalid
from console.functions import queries
from console.functions.announcements import announce_deploy
from console.functions.models import Function, FunctionVersion, PendingDeploy
from console.functions.services.latest import (
    bind,
    build_for,
    locked_latest,
    name_build,
    settle,
    wait,
)
from editor import services as editor
from editor.contents import store
from runner import services as runner
from runner.models import Build


@dataclass(frozen=True, slots=True)
class Deploy:
    """What a deploy came to. `build` is the key it waits for, "" when it is done."""

    build: str
    modified_at: datetime
    message: str


def deploy(*, function: Function, by: User | None) -> Deploy:
    """Make the draft $LATEST; with dependencies to install first, when those are ready.

    Until then the former code stays $LATEST. Refuses with Invalid an empty
    draft, and a manifest that can't be read.
    """
    with transaction.atomic():
        latest = locked_latest(function)
        # Read under the lock: of two deploys the later one never has the older files.
        tree, revision = editor.snapshot(function.draft)
        if not store().get_tree(tree):
            raise Invalid("There is no file to deploy: create one first.")
        build = build_for(
            account_id=function.account_id, runtime=latest.runtime, tree=tree, again=True
        )
        if build is not None and build.state != Build.State.READY:
            latest.code, latest.draft_revision = tree, revision
            wait(latest, build, by=by)
            return Deploy(build.key, latest.modified_at, _INSTALLING)
        PendingDeploy.objects.filter(function=function).delete()
        return _apply(latest, tree, revision, build, by)


_INSTALLING = "Installing dependencies. The function is updated as soon as they are ready."


def move(latest: FunctionVersion, *, by: User | None) -> None:
    """Save a locked $LATEST that has another runtime, with what its code depends on there.

    A deploy that waits goes on waiting, for its dependencies on the new
    runtime; when none are to be installed, it is done now.
    """
    function = latest.function
    pending = _waiting(function)
    if pending is None:
        settle(latest, by=by)
        return
    build = build_for(account_id=function.account_id, runtime=latest.runtime, tree=pending.code)
    if build is None or build.state == Build.State.READY:
        _apply(latest, pending.code, pending.draft_revision, build, pending.requested_by)
        pending.delete()
        return
    bind(latest)
    latest.save()
    pending.build = build.key
    pending.save(update_fields=["build"])


def finish_deploys(*, build: str = "") -> int:
    """Keep the promises whose builds have ended; how many became $LATEST.

    Safe to call at any time, by anybody, twice: a row is taken under a lock
    and gone when kept.
    """
    waiting = PendingDeploy.objects.filter(error="")
    if build:
        waiting = waiting.filter(build=build)
    done = 0
    for function_id in list(waiting.values_list("pk", flat=True)):
        with transaction.atomic():
            done += _finish(function_id)
    return done


def _finish(function_id: int) -> int:
    function = Function.objects.filter(pk=function_id).first()
    if function is None:
        return 0
    # First $LATEST, then the promise: the order in which a deploy takes them too.
    latest = locked_latest(function)
    pending = _waiting(function)
    if pending is None:
        return 0
    build = runner.read_build(key=pending.build)
    if build.state == Build.State.FAILED:
        pending.error = build.error or "The dependencies could not be installed."
        pending.save(update_fields=["error"])
        return 0
    if build.state != Build.State.READY:
        return 0
    _apply(latest, pending.code, pending.draft_revision, build, pending.requested_by)
    pending.delete()
    return 1


def _waiting(function: Function) -> PendingDeploy | None:
    return (
        PendingDeploy.objects.select_related("requested_by")
        .filter(function=function, error="")
        .first()
    )


def _apply(
    latest: FunctionVersion, tree: str, revision: int, build: Build | None, by: User | None
) -> Deploy:
    function = latest.function
    latest.code = tree
    latest.draft_revision = revision
    name_build(latest, build)
    latest.save()
    record(
        actor=by,
        action=Action.DEPLOY,
        account=function.account_id,
        resource=queries.arn_of(function),
        detail={"revision": revision, "code": tree},
    )
    message = f"Successfully updated the function {function.name}."
    announce_deploy(function_id=function.pk, message=message, modified_at=latest.modified_at)
    return Deploy("", latest.modified_at, message)
