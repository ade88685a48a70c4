"""What Django and allauth tell of sign-ins, passwords and memberships.

Connected in `apps`. A changed password ends the person's other sessions (their
hash no longer fits); here their sockets are told to look.
"""

from typing import Any

from django.http import HttpRequest

from console.accounts.models import Membership, User
from console.accounts.services.audit import record
from console.accounts.services.links import forget_links
from console.accounts.services.members import announce_access


def signed_in(sender: object, *, request: HttpRequest, user: User, **_: Any) -> None:
    record(actor=user, action="sign-in", resource=user.username)


def signed_out(sender: object, *, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        record(actor=user, action="sign-out", resource=user.username)
        announce_access(user)


def sign_in_failed(sender: object, *, credentials: dict[str, Any], **_: Any) -> None:
    """Only names of people are written: what was typed instead may be a password."""
    name = str(credentials.get("username", ""))
    known = User.objects.filter(username__iexact=name).first()
    record(
        actor=known or "somebody",
        action="sign-in",
        resource=known.username if known else "",
        decision="failed",
    )


def password_chosen(sender: object, *, request: HttpRequest, user: User, **_: Any) -> None:
    record(actor=user, action="password.change", resource=user.username)
    request.session.save()  # before the sockets look, so that this session's still fits
    announce_access(user)


def membership_changed(sender: object, *, instance: Membership, **_: Any) -> None:
    """A link made for who somebody was must not sign in as who they are now."""
    forget_links(instance.user_id)
