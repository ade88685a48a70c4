"""A runner process for the tests, and functions to run on it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from runner import nodes
from runner.code import CodeStore, Entry
from runner.spec import FunctionSpec
from tests.needs import ROOT


class RunnerProcess:
    """Starts, kills and restarts a runner."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._variables = dict(os.environ, VIRGA_HOME=str(settings.VIRGA_HOME))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.fakes.runner_process", self._database]
        before = set(nodes.alive(max_age_s=0))
        self.process = subprocess.Popen(command, cwd=ROOT, env=self._variables)
        deadline = time.monotonic() + 30
        while not set(nodes.alive(max_age_s=0)) - before:
            assert self.process.poll() is None, "the runner ended at its start"
            assert time.monotonic() < deadline, "the runner did not come up"
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        """Politely; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def runner_process(django_db_setup: None, valkey: str) -> Iterator[RunnerProcess]:
    process = RunnerProcess(str(connection.settings_dict["NAME"]))
    try:
        process.start()
        yield process
    finally:
        process.end()


@pytest.fixture
def runner(runner_process: RunnerProcess, transactional_db: None) -> RunnerProcess:
    """A living runner on this test's database."""
    assert runner_process.process is not None
    if runner_process.process.poll() is not None:
        runner_process.start()
    return runner_process


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
