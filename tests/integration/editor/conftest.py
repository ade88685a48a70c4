"""A workspace of Alice's account."""

import pytest

from console.accounts.roles import Role
from editor import services
from tests import factories


@pytest.fixture
def bob(account):
    person = factories.make_user("bob")
    factories.join(person, account, Role.DEVELOPER)
    return person


@pytest.fixture
def workspace(account, alice):
    files = {"app.py": b"print(1)\n", "lib/a.py": b"a = 1\n", "lib/b.py": b"b = 1\n"}
    return services.create_workspace(account=account, name="rain", files=files, by=alice)
