"""Real runtimes: each installed interpreter, with the official client and with our own."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.runtime_api.server import RuntimeApiServer
from runner.runtimes import Interpreter, install
from runner.runtimes.discover import discover
from tests.integration.runner.runtimes.raw_client import Opened
from tests.integration.runner.runtimes.runtime_process import (
    RuntimeProcess,
    running,
    without_official_client,
)


@pytest.fixture(scope="session")
def api_server():
    server = RuntimeApiServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def runtimes_home(tmp_path_factory):
    """One home for the run: each runtime directory is made once."""
    return tmp_path_factory.mktemp("runtimes")


@pytest.fixture
def opened(api_server):
    """A session whose runtime is the test."""
    made = Opened(api_server)
    yield made
    made.close()


@dataclass(frozen=True)
class Kind:
    """What a test runs on."""

    interpreter: Interpreter
    own_client: bool
    runtime: str

    def __str__(self) -> str:
        client = "own" if self.own_client else "official"
        return f"{self.runtime}-on-{self.interpreter.version}-{client}"


def pythons() -> list[Kind]:
    found = [i for i in discover() if i.language == "python"]
    kinds = [Kind(i, False, f"python{'.'.join(i.version.split('.')[:2])}") for i in found]
    return [*kinds, *(Kind(i, True, "python3.11") for i in found[:1])]


def nodes() -> list[Kind]:
    found = [i for i in discover() if i.language == "node"][:1]
    return [
        Kind(i, own, runtime)
        for i in found
        for own in (False, True)
        for runtime in ("nodejs22.x", "nodejs24.x")
    ]


@pytest.fixture
def start(api_server, runtimes_home, tmp_path):
    """start(kind, {"app.py": "..."}, "app.handler") gives a runtime that has been assigned."""
    opened = []

    def start(
        kind: Kind,
        files: dict[str, str | bytes],
        handler: str,
        *,
        environment: dict[str, str] | None = None,
        start_environment: dict[str, str] | None = None,
    ) -> RuntimeProcess:
        task = tmp_path / "task"
        for name, text in files.items():
            place = task / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text if isinstance(text, bytes) else text.encode())
        context = running(
            api_server, kind.interpreter, _dir(kind, runtimes_home), start_environment
        )
        runtime = context.__enter__()
        opened.append(context)
        runtime.init_error = runtime.start(
            task, handler, runtime=kind.runtime, environment=environment or {}
        )
        return runtime

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def _dir(kind: Kind, home: Path) -> Path:
    if kind.own_client:
        return without_official_client(kind.interpreter, home)
    return install.runtime_dir(kind.interpreter, home)
