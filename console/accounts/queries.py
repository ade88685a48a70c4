"""Reads of people, invitations and the audit log."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from console.accounts.models import Account, AuditEntry, Invitation, Membership, User


def members_of(account: Account) -> QuerySet[Membership]:
    """An account's members by name."""
    return (
        Membership.objects.select_related("user").filter(account=account).order_by("user__username")
    )


def open_invitations(account: Account) -> QuerySet[Invitation]:
    """Invitations that may still be used, newest first."""
    return (
        Invitation.objects.select_related("created_by")
        .filter(account=account, used_at=None, revoked_at=None, expires_at__gt=timezone.now())
        .order_by("-created_at")
    )


def accounts_of(user: User) -> QuerySet[Membership]:
    """A person's memberships by the account's name."""
    return Membership.objects.select_related("account").filter(user=user).order_by("account__name")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries of an audit log to show. Dates are in UTC and both included."""

    actor: str = ""
    action: str = ""
    decision: str = ""
    since: date | None = None
    until: date | None = None


def audit_entries(reader: Membership, which: AuditFilter) -> QuerySet[AuditEntry]:
    """What an administrator may read of the audit log, newest first."""
    entries = _readable(reader).order_by("-at", "-pk")
    if which.actor:
        entries = entries.filter(actor__icontains=which.actor)
    if which.action:
        entries = entries.filter(action=which.action)
    if which.decision:
        entries = entries.filter(decision=which.decision)
    if which.since:
        entries = entries.filter(at__gte=_midnight(which.since))
    if which.until:
        entries = entries.filter(at__lt=_midnight(which.until + timedelta(days=1)))
    return entries


def audit_actions(reader: Membership) -> list[str]:
    """The actions that the readable log has, for the filter."""
    return list(_readable(reader).order_by("action").values_list("action", flat=True).distinct())


def _readable(reader: Membership) -> QuerySet[AuditEntry]:
    """The account's entries, and the sign-ins and links of its members.

    Those belong to no account. Staff also read those of people in none.
    """
    outside = Q(account=None)
    if not reader.user.is_staff:
        people = Membership.objects.filter(account_id=reader.account_id)
        outside &= Q(resource__in=people.values("user__username"))
    return AuditEntry.objects.filter(Q(account_id=reader.account_id) | outside)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())
