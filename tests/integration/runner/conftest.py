"""A runner process for the tests, and functions to run on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from runner import admission
from runner.code import CodeStore, Entry
from runner.spec import FunctionSpec
from tests.runners import RunnerProcess, Runners


@pytest.fixture
def runner(runners: Runners, transactional_db: None) -> RunnerProcess:
    """A living runner on this test's database, whose sandboxes are plain child processes.

    Places that calls of an earlier test held when its rows were emptied away
    would last some seconds yet: this test begins with none.
    """
    served = runners.serve("children")
    places = list(admission.connection().scan_iter(f"{settings.REDIS_PREFIX}:run:*"))
    if places:
        admission.connection().delete(*places)
    return served


MakeSpec = Callable[..., FunctionSpec]


@pytest.fixture
def make_spec() -> MakeSpec:
    """A function of these lines of Python, frozen."""
    store = CodeStore(Path(settings.CODE_STORE))

    def make(source: str, **fields: object) -> FunctionSpec:
        blob = store.put_blob(source.encode())
        given: dict[str, object] = {
            "account_id": "111122223333",
            "region": "us-east-1",
            "function_name": "rain",
            "version": "$LATEST",
            "runtime": "python3.12",
            "handler": "app.handler",
            "code": store.put_tree({"app.py": Entry(blob, len(source))}),
        }
        return FunctionSpec(**(given | fields))

    return make
