"""An account with a developer and a viewer, and quick passwords."""

from typing import Any

import pytest
from django.test import Client

from console.accounts.models import Account
from console.accounts.roles import Role
from tests.factories import join, make_account, make_user


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def account(transactional_db: None) -> Account:
    return make_account()


def signed_in(account: Account, name: str, role: Role) -> Client:
    user = make_user(name)
    join(user, account, role)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def developer(account: Account) -> Client:
    return signed_in(account, "alice", Role.DEVELOPER)


@pytest.fixture
def viewer(account: Account) -> Client:
    return signed_in(account, "victor", Role.VIEWER)
