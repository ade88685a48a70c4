"""A function of Alice's account, and a runner that says what it has."""

import pytest

from console.accounts.roles import Role
from console.functions import services
from runner import nodes
from tests import factories

INTERPRETERS = [
    {"language": "python", "version": "3.11.2", "path": "/usr/bin/python3.11"},
    {"language": "node", "version": "22.1.0", "path": "/usr/bin/node"},
]
HELLO = b"def lambda_handler(event, context):\n    print('hello')\n    return {'got': event}\n"


@pytest.fixture
def living_runner():
    """A node that is alive and runs Python and Node.js, as far as the console can tell."""
    document = {
        "problem": "",
        "backends": [{"name": "children", "problem": "", "interpreters": INTERPRETERS}],
        "images": {"state": "ready", "percent": 100, "step": ""},
        "running": 0,
        "prepared": 0,
        "warm": 0,
    }
    nodes.beat("test-node", document)
    nodes.alive(max_age_s=0)
    yield
    nodes.leave("test-node")
    nodes.alive(max_age_s=0)


@pytest.fixture
def member(account):
    """member(Role.VIEWER) is a person of that role."""

    def make(role: Role):
        person = factories.make_user(f"the-{role}")
        factories.join(person, account, role)
        return person

    return make


@pytest.fixture
def function(account, alice, living_runner):
    return services.create_function(
        account=account,
        name="rain",
        runtime="python3.11",
        files={"lambda_function.py": HELLO, "lib/words.py": b"WORD = 'drop'\n"},
        by=alice,
    )


@pytest.fixture
def visitor(client, alice):
    """Alice's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def runner(runners, transactional_db):
    """A living runner on this test's database, whose sandboxes are plain child processes."""
    served = runners.serve("children")
    nodes.alive(max_age_s=0)
    return served
