"""A backend without isolation: each sandbox is a plain child process.

It keeps the contract of runner.sandboxes.base with a small runtime of its
own (child_runtime.py), so that the runner can be tested quickly on any
machine. `log` tells what was done to which sandbox.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from runner.errors import SandboxFailed
from runner.runtimes import Interpreter
from runner.sandboxes.base import Assignment, Usage

PYTHON = Interpreter("python", "3.11.2", sys.executable)
RUNTIME = Path(__file__).with_name("child_runtime.py")


class ChildSandbox:
    """One child process in a group of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.output, write = os.pipe2(os.O_CLOEXEC)
        self.assigned = False
        self.frozen = False
        self.stopped = False
        self._code: int | None = None
        self._child = subprocess.Popen(
            [sys.executable, "-S", "-E", str(RUNTIME)],
            stdin=subprocess.PIPE,
            stdout=write,
            stderr=write,
            start_new_session=True,
            env={},
        )
        os.close(write)

    def assign(self, assignment: Assignment) -> None:
        if self.assigned or self.stopped:
            raise SandboxFailed("assigned twice")
        self.assigned = True
        port = self.listener.getsockname()[1]
        environment = dict(assignment.environment)
        environment["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{port}"
        environment["TEST_CODE"] = str(assignment.code)
        environment["TEST_TMP"] = str(assignment.tmp)
        line = json.dumps({"handler": assignment.handler, "environment": environment})
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line.encode() + b"\n")
            self._child.stdin.close()
        except BrokenPipeError as error:
            raise SandboxFailed("the child is gone") from error

    def freeze(self) -> None:
        if not self.alive():
            raise SandboxFailed("it is dead")
        self._signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)
        self.frozen = False

    def alive(self) -> bool:
        return not self.stopped and self._child.poll() is None

    def usage(self) -> Usage:
        return Usage(peak_mb=21 if self.alive() else 0, exit_code=self._child.poll())

    def stop(self, *, grace: float = 0.0) -> None:
        if self.stopped:
            return
        self.stopped = True
        self._signal(signal.SIGKILL)
        self._child.wait()
        if self._child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._child.stdin.close()
        self.listener.close()
        os.close(self.output)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)


class ChildBackend:
    """Counts what it starts; `sandboxes` are all that ever were."""

    def __init__(self, name: str = "children", *, problem: str = "", breaks: bool = False) -> None:
        self.name = name
        self.sandboxes: list[ChildSandbox] = []
        self.swept = 0
        self.closed = False
        self.breaks = breaks
        self.start_environments: list[Mapping[str, str]] = []
        self._problem = problem

    def problem(self) -> str:
        return self._problem

    def interpreters(self) -> tuple[Interpreter, ...]:
        return (PYTHON,)

    def prepare(
        self, interpreter: Interpreter, *, start_environment: Mapping[str, str] | None = None
    ) -> ChildSandbox:
        if self.breaks:
            raise SandboxFailed("The engine is out of order.")
        if start_environment:
            self.start_environments.append(start_environment)
        sandbox = ChildSandbox(f"child-{len(self.sandboxes)}")
        self.sandboxes.append(sandbox)
        return sandbox

    def sweep(self) -> int:
        self.swept += 1
        return 0

    def close(self) -> None:
        self.closed = True

    def living(self) -> list[ChildSandbox]:
        """Those that still run."""
        return [sandbox for sandbox in self.sandboxes if sandbox.alive()]
