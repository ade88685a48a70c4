"""A runner process for the tests, and functions to run on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from runner.code import CodeStore, Entry
from runner.spec import FunctionSpec
from tests.runners import RunnerProcess, Runners


@pytest.fixture
def runner(runners: Runners, transactional_db: None) -> RunnerProcess:
    """A living runner on this test's database, whose sandboxes are plain child processes."""
    return runners.serve("children")


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
