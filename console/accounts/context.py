"""What every page's frame shows: the account, the other accounts and one's role."""

from django.http import HttpRequest

from console.accounts.access import allows
from console.accounts.models import Membership, User
from console.accounts.roles import Action


def shell(request: HttpRequest) -> dict[str, object]:
    """Template variables of the frame; `account` is None where nobody has signed in."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_active:
        return {"account": None, "membership": None, "memberships": []}
    memberships = list(
        Membership.objects.select_related("account").filter(user=user).order_by("account__name")
    )
    membership: Membership | None = getattr(request, "membership", None)
    membership = membership or _last_used(user, memberships)
    return {
        "account": membership.account if membership else None,
        "membership": membership,
        "memberships": memberships,
        "may_manage": membership is not None and allows(membership, Action.MANAGE_MEMBERS),
        "may_create": membership is not None and allows(membership, Action.CREATE_FUNCTION),
    }


def _last_used(user: User, memberships: list[Membership]) -> Membership | None:
    for membership in memberships:
        if membership.account_id == user.last_account_id:
            return membership
    return memberships[0] if memberships else None
