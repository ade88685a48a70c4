"""Changing who is in an account, and as what."""

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from console.accounts.access import require
from console.accounts.models import Membership, User
from console.accounts.roles import Action, Role
from console.accounts.services.audit import record
from console.accounts.sockets import group_of_person
from console.errors import Conflict, Forbidden, Invalid, NotFound


@transaction.atomic
def change_role(*, by: Membership, member_id: int, role: str) -> Membership:
    """Give a member another role.

    Refuses with Forbidden below admin, NotFound, Invalid for an unknown role,
    and Conflict when the account would be left without an administrator.
    """
    require(by, Action.MANAGE_MEMBERS)
    member = _locked(by, member_id)
    if role not in list(Role):
        raise Invalid(f"There is no role {role!r}: choose one of {', '.join(Role)}.", field="role")
    if member.role == role:
        return member
    if role != Role.ADMIN:
        _keep_an_administrator(member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    record(
        actor=by.user,
        action="member.role",
        account=by.account,
        resource=member.user.username,
        detail={"before": before, "after": role},
    )
    announce_access(member.user)
    return member


@transaction.atomic
def remove_member(*, by: Membership, member_id: int) -> User:
    """Take a member out of the account; their sockets in it close.

    Anybody may leave. Refuses with Forbidden below admin for others, NotFound,
    and Conflict for the last administrator.
    """
    if by.pk != member_id:
        require(by, Action.MANAGE_MEMBERS)
    member = _locked(by, member_id)
    _keep_an_administrator(member)
    person = member.user
    member.delete()
    record(
        actor=by.user,
        action="member.remove",
        account=by.account,
        resource=person.username,
        detail={"role": member.role},
    )
    announce_access(person)
    return person


@transaction.atomic
def switch_person(*, by: User, user: User, on: bool) -> None:
    """Let a person sign in or not, everywhere; off, their pages and sockets end at once.

    Refuses with Forbidden who does not run the installation, and with
    Conflict to switch oneself off.
    """
    if not by.is_staff:
        raise Forbidden("Only who runs this installation may switch people off and on.")
    if by.pk == user.pk:
        raise Conflict("You can't switch yourself off: somebody else must do it.")
    user.is_active = on
    user.save(update_fields=["is_active"])
    record(actor=by, action="person.on" if on else "person.off", resource=user.username)
    announce_access(user)


def announce_access(person: User) -> None:
    """Let a person's open sockets look again at what they may, once this is committed."""

    def announce() -> None:
        layer = get_channel_layer()
        async_to_sync(layer.group_send)(group_of_person(person.pk), {"type": "access.changed"})

    transaction.on_commit(announce)


def _locked(by: Membership, member_id: int) -> Membership:
    """A member, with all administrators of the account held until the end of the change."""
    rows = Membership.objects.select_for_update().filter(account_id=by.account_id)
    admins_and_member = {row.pk: row for row in rows.select_related("user")}
    if member_id not in admins_and_member:
        raise NotFound("There is no such member in this account.")
    return admins_and_member[member_id]


def _keep_an_administrator(member: Membership) -> None:
    if member.role != Role.ADMIN:
        return
    others = Membership.objects.filter(
        account_id=member.account_id, role=Role.ADMIN, user__is_active=True
    ).exclude(pk=member.pk)
    if not others.exists():
        raise Conflict(
            f"{member.user.username} is the only administrator of this account. "
            "Make somebody else an administrator first."
        )
