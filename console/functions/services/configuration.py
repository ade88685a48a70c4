"""Changing a function's configuration. It holds for $LATEST at once, as on AWS."""

from collections.abc import Mapping

from django.db import transaction

from console.accounts.models import User
from console.accounts.roles import Action
from console.accounts.services.audit import record
from console.functions import queries, runtimes, values
from console.functions.errors import FunctionNotFound
from console.functions.models import Function, FunctionVersion
from console.functions.secrets import seal, unseal
from console.functions.services.deployment import move
from console.functions.services.latest import locked_latest


def configure(
    *,
    function: Function,
    by: User | None,
    runtime: str,
    handler: str,
    memory_mb: int,
    timeout_s: int,
    tmp_mb: int,
    description: str,
) -> FunctionVersion:
    """Set the general configuration of $LATEST; another runtime installs dependencies anew.

    Refuses with Invalid, naming the field.
    """
    runtimes.info(runtime)
    values.check_handler(handler)
    values.check_description(description)
    values.check_numbers(memory_mb=memory_mb, timeout_s=timeout_s, tmp_mb=tmp_mb)
    with transaction.atomic():
        latest = locked_latest(function)
        before = {name: getattr(latest, name) for name in _SHOWN}
        moved = latest.runtime != runtime
        latest.runtime, latest.handler = runtime, handler
        latest.memory_mb, latest.timeout_s, latest.tmp_mb = memory_mb, timeout_s, tmp_mb
        function.description = description
        function.save(update_fields=["description"])
        if moved:
            move(latest, by=by)
        else:
            latest.save()
        after = {name: getattr(latest, name) for name in _SHOWN}
        changed = {name: after[name] for name in _SHOWN if after[name] != before[name]}
        _record(function, by, "general", changed)
    return latest


_SHOWN = ("runtime", "handler", "memory_mb", "timeout_s", "tmp_mb")


def set_environment(
    *, function: Function, by: User | None, variables: Mapping[str, str | None]
) -> FunctionVersion:
    """Set the environment variables of $LATEST; None keeps a present value unseen.

    Those not named are removed. Refuses with Invalid, naming the variable.
    """
    with transaction.atomic():
        latest = locked_latest(function)
        present = unseal(latest.environment)
        wanted = {
            name: present.get(name, "") if value is None else value
            for name, value in variables.items()
        }
        values.check_variables(wanted)
        latest.environment = seal(wanted)
        latest.save()
        _record(function, by, "environment", {"names": sorted(wanted)})
    return latest


def reveal(*, function: Function, by: User | None, variable: str) -> str:
    """The value of an environment variable, audited. Refuses with FunctionNotFound."""
    present = unseal(queries.version_of(function).environment)
    if variable not in present:
        raise FunctionNotFound(f"{function.name} has no variable {variable}.", field="variable")
    record(
        actor=by,
        action="function.reveal",
        account=function.account_id,
        resource=queries.arn_of(function),
        detail={"variable": variable},
    )
    return present[variable]


def set_tags(*, function: Function, by: User | None, tags: Mapping[str, str]) -> None:
    """Set the function's tags. Refuses with Invalid."""
    values.check_tags(tags)
    with transaction.atomic():
        function.tags = dict(tags)
        function.save(update_fields=["tags"])
        _record(function, by, "tags", {"keys": sorted(tags)})


def _record(function: Function, by: User | None, part: str, detail: Mapping[str, object]) -> None:
    record(
        actor=by,
        action=Action.CONFIGURE,
        account=function.account_id,
        resource=queries.arn_of(function),
        detail={"part": part, **detail},
    )
