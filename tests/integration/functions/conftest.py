"""A function of Alice's account, and a runner that says what it has."""

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection

from console.accounts.roles import Role
from console.functions import services
from runner import nodes
from tests import factories
from tests.needs import ROOT

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
    nodes._seen = (-1e9, {})
    nodes.beat("test-node", document)
    yield
    nodes.leave("test-node")
    nodes._seen = (-1e9, {})


@pytest.fixture
def account(db):
    return factories.make_account()


@pytest.fixture
def alice(account):
    person = factories.make_user("alice")
    factories.join(person, account, Role.ADMIN)
    return person


@pytest.fixture
def member(account):
    """member(Role.VIEWER) is a person of that role."""

    def make(role: Role):
        person = factories.make_user(f"the-{role}")
        factories.join(person, account, role)
        return person

    return make


@pytest.fixture
def charlie(db):
    """A stranger with an account of his own."""
    person = factories.make_user("charlie")
    factories.join(person, factories.make_account(id="444455556666", name="Sun"))
    return person


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


@pytest.fixture(scope="session")
def runner_process(django_db_setup, valkey):
    """A worker of the queue `runner` whose sandboxes are plain child processes."""
    command = [sys.executable, "-m", "tests.fakes.runner_process"]
    command.append(str(connection.settings_dict["NAME"]))
    variables = dict(os.environ, VIRGA_HOME=str(settings.VIRGA_HOME))
    process = subprocess.Popen(command, cwd=ROOT, env=variables)
    deadline = time.monotonic() + 30
    while not nodes.alive(max_age_s=0):
        assert process.poll() is None, "the runner ended at its start"
        assert time.monotonic() < deadline, "the runner did not come up"
        time.sleep(0.05)
    yield process
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture
def runner(runner_process, transactional_db):
    """A living runner on this test's database."""
    nodes._seen = (-1e9, {})
    return runner_process
