"""Shared fixtures only: an installation's home per run, Valkey, people and accounts."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="virga-test-"))
os.environ["VIRGA_HOME"] = str(HOME)
# Named here and not in pyproject.toml: there pytest-django would load the settings
# before this file, with the home of the developer's own installation.
os.environ["DJANGO_SETTINGS_MODULE"] = "console.settings"
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

import django  # noqa: E402

django.setup()

import pytest  # noqa: E402  (after the lines above, on purpose)
from django.db import connection  # noqa: E402

from tests.runners import Runners  # noqa: E402
from tests.valkey import running_valkey  # noqa: E402

if connection.vendor == "postgresql":
    # Event loops and their threads live no longer than a test here: a connection kept
    # for a next question would be lost open, and PostgreSQL could not drop the database.
    connection.settings_dict["CONN_MAX_AGE"] = 0


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[str]:
    """The broker, cache and channel layer: embedded, or VIRGA_REDIS_URL where that is set."""
    from django.conf import settings

    if os.environ.get("VIRGA_REDIS_URL"):
        yield settings.REDIS_URL
        return
    with running_valkey(settings.VALKEY_SOCKET) as url:
        yield url


@pytest.fixture(scope="session")
def runners(django_db_setup: None, valkey: str) -> Iterator[Runners]:
    """Starts runner processes on this run's database, one at a time."""
    from django.db import connection

    runners = Runners(str(connection.settings_dict["NAME"]))
    yield runners
    runners.close()


def pytest_unconfigure() -> None:
    """Leave no home behind."""
    shutil.rmtree(HOME, ignore_errors=True)
