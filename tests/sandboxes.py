"""Functions in real sandboxes: what the contract suite and the attacks share.

A Rig has a backend, volumes and a Runtime API server; `start` runs a function
from its source. Each test asks for it by `rig` (one that any backend may be)
or `isolating_rig` (a backend that isolates). Absent ones skip and say why.
"""

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.runtime_api.server import RuntimeApiServer
from runner.runtime_api.session import Answer, Event
from runner.sandboxes.base import Assignment, Backend, Sandbox
from runner.sandboxes.bubblewrap import BubblewrapBackend
from runner.sandboxes.docker import DockerBackend
from runner.sandboxes.safety import Safe
from runner.sandboxes.volumes import Volume, Volumes
from runner.spec import Limit
from tests import needs
from tests.fakes.children import ChildBackend

PATIENCE_S = 30.0


class Function:
    """One running function: a sandbox, its Runtime API session, its /tmp, and what it printed."""

    def __init__(self, rig: "Rig", sandbox: Sandbox, assignment: Assignment) -> None:
        self.sandbox = sandbox
        self.assignment = assignment
        self._printed = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.session = rig.server.open(sandbox.listener)
        self._thawed = False
        sandbox.assign(assignment)

    def initialise(self) -> None:
        """Wait until it asks for its first event; fails with what it printed."""
        initialised = self.session.initialised
        wait_until(lambda: initialised.done() or not self.sandbox.alive(), "the first next")
        assert initialised.done(), f"it ended: {self.sandbox.usage()} {self.printed}"
        error = initialised.result()
        assert error is None, f"{error} {self.printed}"
        self.sandbox.thaw()

    def ask(self, event: object = None) -> Answer:
        """Give it an event and wait for the answer."""
        answer = self.send(event)
        wait_until(lambda: answer.done() or not self.sandbox.alive(), "an answer")
        assert answer.done(), f"it ended: {self.sandbox.usage()} {self.printed}"
        return answer.result()

    def send(self, event: object = None) -> Any:
        """Give it an event; the future of the answer."""
        if not self._thawed:
            self._thawed = True
            self.initialise()
        deadline = int((time.time() + 60) * 1000)
        body = json.dumps(event).encode()
        return self.session.invoke(Event(str(uuid.uuid4()), body, deadline, "arn:test"))

    def result(self, event: object = None) -> Any:
        """The answer's JSON; an error of the function fails the test."""
        answer = self.ask(event)
        assert not answer.error_type, f"{answer.error_type}: {answer.body!r} {self.printed}"
        return json.loads(answer.body)

    @property
    def printed(self) -> str:
        return self._printed.decode(errors="replace")

    def wait_printed(self, text: str) -> None:
        """Wait until it has printed something."""
        wait_until(lambda: text in self.printed, f"{text!r} in {self.printed!r}")

    def wait_ended(self) -> None:
        """Wait until its runtime is gone."""
        wait_until(lambda: not self.sandbox.alive(), "the end of the runtime")

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self.sandbox.output, 65536):
                if len(self._printed) < 4 << 20:
                    self._printed += data


class Rig:
    """A backend and what it takes to run functions in it."""

    def __init__(self, backend: Backend, folder: Path, *, isolates: bool) -> None:
        self.backend = backend
        self.folder = folder
        self.isolates = isolates
        self.server = RuntimeApiServer()
        self.volumes = Volumes(folder)
        self._functions: list[Function] = []
        self._volumes: list[Volume] = []

    def prepare(self, language: str = "python", **start: Any) -> Sandbox:
        """A prepared sandbox, wrapped as the pool's are."""
        found = [i for i in self.backend.interpreters() if i.language == language]
        if not found:
            needs.missing(f"{self.backend.name} has no interpreter for {language}")
        sandbox = self.backend.prepare(found[0], **start)
        return sandbox if isinstance(sandbox, Safe) else Safe(sandbox)

    def volume(self, size_mb: int = 64) -> Volume:
        volume = self.volumes.take(size_mb)
        self._volumes.append(volume)
        return volume

    def code(self, files: Mapping[str, str]) -> Path:
        """A directory with files, as the code store would give it."""
        directory = Path(tempfile.mkdtemp(dir=self.folder, prefix="code-"))
        for name, content in files.items():
            place = directory / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
        directory.chmod(0o755)
        return directory

    def start(
        self,
        source: str,
        *,
        language: str = "python",
        memory_mb: int = 256,
        volume: Volume | None = None,
        sandbox: Sandbox | None = None,
        environment: Mapping[str, str] | None = None,
        start_environment: Mapping[str, str] | None = None,
        **rest: Any,
    ) -> Function:
        """Run a function from the source of its one file."""
        name = {"python": "app.py", "node": "app.js"}[language]
        assignment = Assignment(
            code=self.code({name: source}),
            handler="app.handler",
            environment={**lambda_environment(memory_mb), **(environment or {})},
            memory_mb=memory_mb,
            tmp=(volume or self.volume()).path,
            **rest,
        )
        if sandbox is None:
            sandbox = self.prepare(language, start_environment=start_environment)
        function = Function(self, sandbox, assignment)
        self._functions.append(function)
        return function

    def clear(self) -> None:
        """End every function of a test and its volumes."""
        for function in self._functions:
            function.session.close()
            function.sandbox.stop()
        self._functions.clear()
        for volume in self._volumes:
            self.volumes.remove(volume)
        self._volumes.clear()
        for place in self.folder.glob("code-*"):
            shutil.rmtree(place, ignore_errors=True)

    def close(self) -> None:
        self.clear()
        self.server.close()
        self.backend.close()
        self.volumes.close()


def lambda_environment(memory_mb: int) -> dict[str, str]:
    """The variables that the runtime clients read."""
    return {
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "AWS_LAMBDA_FUNCTION_NAME": "under-test",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/under-test",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": "/var/task",
        "_HANDLER": "app.handler",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }


def wait_until(done: Any, what: str, patience_s: float = PATIENCE_S) -> None:
    """Poll until it is so, or fail the test."""
    end = time.monotonic() + patience_s
    while not done():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


def make(name: str, folder: Path) -> Rig:
    """A rig on a backend by name; skips where the machine lacks it."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == "fake":
        return Rig(ChildBackend(), folder, isolates=False)
    needs.require(name)
    if name == "bubblewrap":
        bubblewrap = BubblewrapBackend(folder)
        if problem := bubblewrap.problem():
            needs.missing(problem)
        return Rig(bubblewrap, folder, isolates=True)
    docker = DockerBackend(run_dir=folder, label=f"test-{uuid.uuid4().hex}")
    problem = docker.problem()
    if problem or not docker.interpreters():
        docker.close()
        needs.missing(problem or "the Docker images are not built")
    return Rig(docker, folder, isolates=True)


@pytest.fixture(scope="module")
def rigs() -> Iterator[dict[str, Rig]]:
    """Those that this module's tests have asked for."""
    made: dict[str, Rig] = {}
    yield made
    for rig in made.values():
        rig.close()


def _rig(request: pytest.FixtureRequest, rigs: dict[str, Rig]) -> Iterator[Rig]:
    name = request.param
    if name not in rigs:
        rigs[name] = make(name, Path(tempfile.mkdtemp(prefix=f"virga-{name}-")))
    rig = rigs[name]
    yield rig
    rig.clear()


MARKED = [
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("docker", marks=pytest.mark.docker),
]


@pytest.fixture(params=["fake", *MARKED])
def rig(request: pytest.FixtureRequest, rigs: dict[str, Rig]) -> Iterator[Rig]:
    """Every implementation of the contract."""
    yield from _rig(request, rigs)


@pytest.fixture(params=MARKED)
def isolating_rig(request: pytest.FixtureRequest, rigs: dict[str, Rig]) -> Iterator[Rig]:
    """The implementations that isolate."""
    yield from _rig(request, rigs)


__all__ = ["Function", "Limit", "Rig", "isolating_rig", "rig", "rigs", "wait_until"]
