"""The people of most tests: Alice owns an account, Charlie is a stranger with another."""

import pytest

from console.accounts.models import Account, User
from tests.factories import join, make_account, make_user


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def alice(account: Account) -> User:
    return join(make_user("alice"), account).user


@pytest.fixture
def charlie(db: None) -> User:
    return join(make_user("charlie"), make_account(id="444455556666", name="Sun")).user
