"""Writing the audit log."""

from collections.abc import Mapping
from datetime import datetime

from django.http import HttpRequest

from console.accounts.addresses import caller_address
from console.accounts.models import Account, AuditEntry, Invitation, SignInLink, User


def record(
    *,
    actor: User | str | None,
    action: str,
    account: Account | str | None = None,
    resource: str = "",
    decision: str = "allowed",
    address: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write down who did what to what, and whether it was allowed.

    Call it inside the transaction of the change, so that both are kept or
    neither. `actor` is a person, or a word for what acted ("system");
    `action` a verb from `roles.Action` or of the same form ("member.invite");
    `resource` an ARN or a name; `decision` "allowed", "denied" or "failed".
    `address` is the present request's unless given. `detail` is small plain
    JSON: names and numbers of what changed, never a password, token,
    variable's value, payload or file. Refuses nothing.
    """
    AuditEntry.objects.create(
        account_id=account.pk if isinstance(account, Account) else account,
        actor=(actor.get_username() if isinstance(actor, User) else actor or "somebody")[:160],
        action=action[:80],
        resource=resource[:300],
        decision=decision,
        address=caller_address.get() if address is None else address,
        detail=dict(detail or {}),
    )


def record_denial(request: HttpRequest, message: str) -> None:
    """Write down that a member was refused for their role."""
    account = getattr(request, "account", None)
    record(
        actor=request.user if isinstance(request.user, User) else None,
        action=f"{request.method} {_pattern(request)}",
        account=account,
        resource=request.path,
        decision="denied",
        detail={"message": message},
    )


def prune_records(*, before: datetime) -> int:
    """Delete audit entries written before then, and links and invitations that ended before.

    How many audit entries went. Refuses nothing.
    """
    SignInLink.objects.filter(expires_at__lt=before).delete()
    Invitation.objects.filter(expires_at__lt=before).delete()
    deleted, _ = AuditEntry.objects.filter(at__lt=before).delete()
    return deleted


def _pattern(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""
