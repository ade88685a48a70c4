"""One-time sign-in links: how people get in without mail."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from console.accounts.access import may_reset
from console.accounts.models import Account, SignInLink, User
from console.accounts.services.accounts import first_administrator
from console.accounts.services.audit import record
from console.accounts.tokens import address, hash_of, new_token
from console.errors import Forbidden, NotFound

FIRST_LINK = timedelta(hours=1)
RESET_LINK = timedelta(hours=24)

SPENT = (
    "This link was used already, has expired, or never was. "
    'Ask an administrator for a new one; on the machine itself, run "make link".'
)


@transaction.atomic
def create_sign_in_link(
    *,
    user: User,
    lifetime: timedelta = RESET_LINK,
    by: User | None = None,
    account: Account | None = None,
) -> str:
    """The address of a new link that signs `user` in once; it is shown only here.

    `by` is the person who asked for it on a page, None for who has the
    machine's command line. Refuses with Forbidden when signing in as `user`
    would give `by` rights that they do not have.
    """
    if by is not None and not may_reset(by, user):
        raise Forbidden(
            f"{user.username} belongs to accounts that you do not administer. "
            "An administrator of this installation can make the link."
        )
    token = new_token()
    SignInLink.objects.create(
        token_hash=hash_of(token),
        user=user,
        created_by=by,
        expires_at=timezone.now() + lifetime,
    )
    record(
        actor=by or "command line",
        action="link.create",
        account=account,
        resource=user.username,
        detail={"hours": round(lifetime.total_seconds() / 3600)},
    )
    return address("link", token)


def first_sign_in() -> tuple[User, str]:
    """The first administrator, made if there is nobody, and a link good for an hour."""
    user = first_administrator()
    return user, create_sign_in_link(user=user, lifetime=FIRST_LINK)


def person_of_link(token: str) -> User:
    """Whom an unused link would sign in.

    Refuses with NotFound once it is spent, and when its maker could not make
    it any more: what the person may has grown since, or what the maker may shrunk.
    """
    link = (
        SignInLink.objects.select_related("user", "created_by")
        .filter(
            token_hash=hash_of(token),
            used_at=None,
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .first()
    )
    if link is None or not _still_given(link):
        raise NotFound(SPENT)
    return link.user


def _still_given(link: SignInLink) -> bool:
    maker = link.created_by
    return maker is None or (maker.is_active and may_reset(maker, link.user))


def forget_links(user_id: int) -> None:
    """Delete the open links that others made for a person: what they open has changed."""
    SignInLink.objects.filter(
        user_id=user_id, created_by__isnull=False, used_at__isnull=True
    ).delete()


@transaction.atomic
def use_sign_in_link(*, token: str) -> User:
    """Spend a link: of two that try at once, one succeeds.

    Refuses with NotFound when it was used, has expired or never was.
    """
    user = person_of_link(token)
    spent = SignInLink.objects.filter(token_hash=hash_of(token), used_at=None).update(
        used_at=timezone.now()
    )
    if not spent:
        raise NotFound(SPENT)
    record(actor=user, action="link.use", resource=user.username)
    return user
