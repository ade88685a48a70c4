"""Who may do what: the one door that every page, socket and service asks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from console.accounts.models import Account, Membership, User
from console.accounts.roles import LEAST, Action, Role
from console.errors import Forbidden, NotFound


class MemberRequest(HttpRequest):
    """A request of a signed-in member of `account`; set by `member`."""

    user: User
    account: Account
    membership: Membership


def authorize(*, user: Any, account_id: str, action: Action) -> Membership:
    """The membership under which `user` may do `action` in the account.

    Refuses with NotFound when the person is no member (a stranger learns
    nothing of what exists) and with Forbidden when the role is too low.
    """
    membership = (
        Membership.objects.select_related("account", "user")
        .filter(user_id=user.pk or 0, account_id=account_id, user__is_active=True)
        .first()
    )
    if membership is None:
        raise NotFound("There is no such account, or you are not a member of it.")
    least = LEAST[action]
    if not Role(membership.role).at_least(least):
        raise Forbidden(
            f"Your role in this account is {membership.role}; this needs {least}. "
            "Ask an administrator of the account."
        )
    return membership


View = Callable[..., HttpResponse]


def member(action: Action) -> Callable[[View], View]:
    """Let a view be reached only by members who may do `action`.

    The view takes `account_id` from its address no more: it finds
    `request.account` and `request.membership`.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        @login_required
        def guarded(request: MemberRequest, *, account_id: str, **arguments: Any) -> HttpResponse:
            membership = authorize(user=request.user, account_id=account_id, action=action)
            request.account = membership.account
            request.membership = membership
            return view(request, **arguments)

        return guarded

    return wrap
