"""Alice administers an account, Bob develops in it, Charlie is a stranger with one of his own."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from console.accounts.models import Account, Membership
from console.accounts.roles import Role
from tests.factories import join, make_account, make_user


@dataclass(frozen=True)
class People:
    account: Account
    alice: Membership
    bob: Membership
    charlie: Membership


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def people(transactional_db: None) -> People:
    ours = make_account(name="Ours")
    theirs = make_account(id="444455556666", name="Theirs")
    return People(
        ours,
        join(make_user("alice"), ours, Role.ADMIN),
        join(make_user("bob"), ours, Role.DEVELOPER),
        join(make_user("charlie"), theirs, Role.ADMIN),
    )


@pytest.fixture
def client_of():
    """A browser in which somebody has signed in."""

    def signed_in(membership: Membership) -> Client:
        client = Client()
        client.force_login(membership.user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture(autouse=True)
def _no_counted_attempts() -> None:
    """Rate limits count over tests: each starts with none."""
    from django.core.cache import cache

    cache.clear()
