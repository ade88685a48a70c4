"""Making and changing accounts."""

import secrets

from django.db import transaction

from console.accounts.access import may_create_accounts, require
from console.accounts.models import Account, Membership, User
from console.accounts.roles import Action, Role
from console.accounts.services.audit import record
from console.errors import Forbidden, Invalid

CONCURRENCY_LIMITS = range(1, 1001)
RETENTION_DAYS = range(1, 3651)


@transaction.atomic
def create_account(*, owner: User, name: str) -> Account:
    """Make an account with a random 12-digit id; `owner` is its first administrator.

    Refuses with Forbidden where the installation lets only its staff make
    accounts, with Invalid when the name is empty or over 80 characters.
    """
    if not may_create_accounts(owner):
        raise Forbidden(
            "On this installation only its administrators create accounts. Ask one of them."
        )
    account = Account.objects.create(id=_free_id(), name=_name(name))
    Membership.objects.create(user=owner, account=account, role=Role.ADMIN)
    record(actor=owner, action="account.create", account=account, resource=account.id)
    return account


@transaction.atomic
def update_account(
    *, by: Membership, name: str, concurrency_limit: int, retention_days: int
) -> Account:
    """Change an account's settings.

    Refuses with Forbidden below admin, and with Invalid (naming the field)
    when a value is out of its range.
    """
    require(by, Action.MANAGE_ACCOUNT)
    if concurrency_limit not in CONCURRENCY_LIMITS:
        raise Invalid("Concurrency is 1 to 1,000.", field="concurrency_limit")
    if retention_days not in RETENTION_DAYS:
        raise Invalid("Retention is 1 to 3,650 days.", field="retention_days")
    account = Account.objects.select_for_update().get(pk=by.account_id)
    wanted = {
        "name": _name(name),
        "concurrency_limit": concurrency_limit,
        "retention_days": retention_days,
    }
    changed = {key: value for key, value in wanted.items() if getattr(account, key) != value}
    for key, value in changed.items():
        setattr(account, key, value)
    if changed:
        account.save(update_fields=list(changed))
        record(
            actor=by.user,
            action=Action.MANAGE_ACCOUNT,
            account=account,
            resource=account.id,
            detail=changed,
        )
    return account


@transaction.atomic
def first_administrator() -> User:
    """The installation's first administrator, made with a first account if there is nobody yet.

    Has no password: a sign-in link is the only way in until one is chosen.
    """
    existing = User.objects.filter(is_staff=True, is_active=True).order_by("pk").first()
    if existing is not None:
        return existing
    user = User(username="admin", is_staff=True, is_superuser=True)
    user.set_unusable_password()
    user.save()
    create_account(owner=user, name="Personal")
    return user


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise Invalid("An account's name has 1 to 80 characters.", field="name")
    return name


def _free_id() -> str:
    """Twelve random digits, the first not 0, of no account yet."""
    while True:
        number = str(10**11 + secrets.randbelow(9 * 10**11))
        if not Account.objects.filter(pk=number).exists():
            return number
