"""Publishing versions."""

from django.db import transaction
from django.utils import timezone

from console.accounts.models import User
from console.accounts.roles import Action
from console.accounts.services.audit import record
from console.functions import queries, values
from console.functions.errors import BuildNeeded
from console.functions.models import Function, FunctionVersion
from console.functions.secrets import unseal
from console.functions.services.latest import locked_latest

_FROZEN = ("runtime", "handler", "memory_mb", "timeout_s", "tmp_mb", "code", "dependencies")


def publish_version(
    *, function: Function, by: User | None, description: str = ""
) -> FunctionVersion:
    """Freeze $LATEST under the next number.

    Unchanged code and configuration return the newest version again, as AWS
    does. Refuses with BuildNeeded while dependencies are being installed.
    """
    values.check_description(description)
    with transaction.atomic():
        latest = locked_latest(function)
        if latest.build and not latest.dependencies:
            raise BuildNeeded(latest.build)
        newest = queries.numbered(function).first()
        if newest is not None and _alike(newest, latest):
            return newest
        version = FunctionVersion.objects.create(
            function=function,
            version=str(int(newest.version) + 1 if newest else 1),
            environment=bytes(latest.environment),
            build=latest.build,
            draft_revision=latest.draft_revision,
            description=description,
            published_at=timezone.now(),
            **{name: getattr(latest, name) for name in _FROZEN},
        )
        record(
            actor=by,
            action=Action.PUBLISH,
            account=function.account_id,
            resource=queries.arn_of(function, version.version),
        )
    return version


def _alike(version: FunctionVersion, latest: FunctionVersion) -> bool:
    # Compared in clear: sealing the same variables twice gives different bytes.
    return all(getattr(version, name) == getattr(latest, name) for name in _FROZEN) and unseal(
        version.environment
    ) == unseal(latest.environment)
