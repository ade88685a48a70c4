"""Who may do what: the one door that every page, socket and service asks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from console.accounts.models import Account, Membership, User
from console.accounts.roles import LEAST, Action, Role
from console.errors import Forbidden, NotFound, NotSignedIn


class MemberRequest(HttpRequest):
    """A request of a signed-in member of `account`; set by `member`."""

    user: User
    account: Account
    membership: Membership


NO_ACCOUNT = "There is no such account, or you are not a member of it."


class NotMember(NotFound):
    """The account does not exist for this person: it may or may not exist for others."""


def authorize(*, user: Any, account_id: str, action: Action) -> Membership:
    """The membership under which `user` may do `action` in the account.

    Refuses with NotMember (a NotFound) when the person is no member, so that a
    stranger learns nothing of what exists, and with Forbidden when the role is
    too low.
    """
    membership = membership_in(user=user, account_id=account_id).first()
    if membership is None:
        raise NotMember(NO_ACCOUNT)
    require(membership, action)
    return membership


def membership_in(*, user: Any, account_id: str) -> QuerySet[Membership]:
    """At most one row: what a person who may sign in is in the account."""
    return Membership.objects.select_related("account", "user").filter(
        user_id=user.pk or 0, account_id=account_id, user__is_active=True
    )


def require(membership: Membership, action: Action) -> None:
    """Let a member pass who may do `action`. Refuses with Forbidden otherwise."""
    if not allows(membership, action):
        raise Forbidden(
            f"Your role in this account is {membership.role}; this needs {LEAST[action]}. "
            "Ask an administrator of the account."
        )


def allows(membership: Membership, action: Action) -> bool:
    """Whether the member's role allows `action`: pages hide what would be refused."""
    return Role(membership.role).at_least(LEAST[action])


def may_create_accounts(user: User) -> bool:
    """Whether this installation lets the person make further accounts."""
    return user.is_staff or settings.ACCOUNT_CREATION == "anyone"


def may_reset(by: User, user: User) -> bool:
    """Whether `by` may make a sign-in link for `user`.

    Who signs in with it can do all that `user` can, so nothing in that may be
    beyond `by`: staff may for everybody, an administrator only for people all
    of whose accounts they administer.
    """
    if by.is_staff:
        return True
    administered = Membership.objects.filter(user=by, role=Role.ADMIN).values("account_id")
    elsewhere = Membership.objects.filter(user=user).exclude(account_id__in=administered)
    return not user.is_staff and not elsewhere.exists()


View = Callable[..., HttpResponseBase]


def member(action: Action) -> Callable[[View], View]:
    """Let a view be reached only by members who may do `action`.

    The view takes `account_id` from its address no more: it finds
    `request.account` and `request.membership`.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(
            request: MemberRequest, *, account_id: str, **arguments: Any
        ) -> HttpResponseBase:
            require_sign_in(request)
            membership = authorize(user=request.user, account_id=account_id, action=Action.VIEW)
            request.account = membership.account
            request.membership = membership
            require(membership, action)
            _remember(request.user, account_id)
            return view(request, **arguments)

        return guarded

    return wrap


def signed_in(view: View) -> View:
    """Let a view be reached only by people who have signed in, in whatever account."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        require_sign_in(request)
        return view(request, **arguments)

    return guarded


def require_sign_in(request: HttpRequest) -> None:
    """Refuses with NotSignedIn when nobody is signed in."""
    if not request.user.is_authenticated:
        raise NotSignedIn("Sign in first.")


def _remember(user: User, account_id: str) -> None:
    """Keep which account was used last: `/` leads back to it."""
    if user.last_account_id != account_id:
        User.objects.filter(pk=user.pk).update(last_account_id=account_id)
