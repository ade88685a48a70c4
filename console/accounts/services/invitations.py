"""Invitations: how people join an account, and the installation, without mail."""

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from console.accounts.access import require
from console.accounts.models import Invitation, Membership, User
from console.accounts.roles import Action, Role
from console.accounts.services.audit import record
from console.accounts.tokens import address, hash_of, new_token
from console.errors import Conflict, Invalid, NotFound

LIFETIMES_DAYS = range(1, 31)

SPENT = (
    "This invitation was used already, was revoked, has expired, or never was. "
    "Ask whoever sent it for a new one."
)


@transaction.atomic
def invite(*, by: Membership, role: str, days: int, note: str = "") -> str:
    """The address of a new invitation; it is shown only here and serves once.

    Refuses with Forbidden below admin, and with Invalid (naming the field).
    """
    require(by, Action.MANAGE_MEMBERS)
    if role not in list(Role):
        raise Invalid(f"There is no role {role!r}: choose one of {', '.join(Role)}.", field="role")
    if days not in LIFETIMES_DAYS:
        raise Invalid("An invitation lasts 1 to 30 days.", field="days")
    if len(note) > 120:
        raise Invalid("A note has at most 120 characters.", field="note")
    token = new_token()
    Invitation.objects.create(
        token_hash=hash_of(token),
        account_id=by.account_id,
        role=role,
        note=note.strip(),
        created_by=by.user,
        expires_at=timezone.now() + timedelta(days=days),
    )
    record(
        actor=by.user,
        action="member.invite",
        account=by.account,
        detail={"role": role, "days": days, "note": note.strip()},
    )
    return address("invitation", token)


@transaction.atomic
def revoke_invitation(*, by: Membership, invitation_id: int) -> None:
    """End an invitation that nobody has used. Refuses with Forbidden and NotFound."""
    require(by, Action.MANAGE_MEMBERS)
    revoked = Invitation.objects.filter(
        pk=invitation_id, account_id=by.account_id, used_at=None, revoked_at=None
    ).update(revoked_at=timezone.now())
    if not revoked:
        raise NotFound("That invitation was used or revoked already.")
    record(actor=by.user, action="member.invite-revoke", account=by.account)


def open_invitation(token: str) -> Invitation:
    """An invitation that may still be used. Refuses with NotFound."""
    invitation = (
        Invitation.objects.select_related("account", "created_by")
        .filter(
            token_hash=hash_of(token),
            used_at=None,
            revoked_at=None,
            expires_at__gt=timezone.now(),
        )
        .first()
    )
    if invitation is None:
        raise NotFound(SPENT)
    return invitation


@transaction.atomic
def accept_invitation(*, token: str, user: User) -> Membership:
    """Join the account that the invitation is to.

    Refuses with NotFound when it is spent, with Conflict when `user` is a
    member already: the invitation then stays good for somebody else.
    """
    invitation = open_invitation(token)
    if Membership.objects.filter(user=user, account_id=invitation.account_id).exists():
        raise Conflict(f"You are a member of {invitation.account.name} already.")
    spent = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(
        used_at=timezone.now(), used_by=user
    )
    if not spent:
        raise NotFound(SPENT)
    membership = Membership.objects.create(
        user=user, account_id=invitation.account_id, role=invitation.role
    )
    record(
        actor=user,
        action="member.join",
        account=invitation.account_id,
        resource=user.username,
        detail={"role": invitation.role},
    )
    return membership


@transaction.atomic
def accept_as_new_person(*, token: str, username: str, password: str) -> User:
    """Make a person for whom an invitation was meant, and let them join.

    Refuses with NotFound when it is spent, and with Invalid (naming the field)
    when the name is taken or malformed or the password too weak.
    """
    open_invitation(token)
    user = User(username=User.normalize_username(username.strip()))
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="username") from error
    if User.objects.filter(username__iexact=user.username).exists():
        raise Invalid("That name is taken: choose another.", field="username")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="password") from error
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise Invalid("That name is taken: choose another.", field="username") from error
    accept_invitation(token=token, user=user)
    return user
