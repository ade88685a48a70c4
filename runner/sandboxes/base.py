"""The contract of every sandbox backend.

A sandbox is started *prepared*: namespaces or container up, interpreter
running, runtime client imported, frozen. It has then never held anyone's
code. `assign` gives it one version of one function; from then on it serves
that and no other, and is destroyed after.

One contract test suite (tests/contracts/test_sandbox_contract.py) runs on
every backend and on the fake. `safety.Safe` wraps any of them: broken means
destroyed, ended twice is fine.
"""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runner.runtimes import Interpreter
from runner.spec import Limit

USER_ID = 993
GROUP_ID = 990
"""Who a function is inside: the numbers of Lambda's own user."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What turns a prepared sandbox into one function's.

    `environment` is complete: the user's variables and Lambda's own.
    Directories are of this node; they appear read-only inside as /var/task,
    /var/dependencies and /opt. `tmp` is a volume of the size asked for, kept
    by the caller so that /tmp can survive into a successor.
    """

    code: Path
    handler: str
    environment: Mapping[str, str]
    memory_mb: int
    tmp: Path
    dependencies: Path | None = None
    layers: tuple[Path, ...] = ()

    def line(self) -> bytes:
        """What the bootstrap reads on its standard input: one line of JSON."""
        told = {"handler": self.handler, "environment": dict(self.environment)}
        return json.dumps(told).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Usage:
    """What the sandbox has used and how it ended, as far as it has.

    `peak_mb` is the highest resident memory since the last `thaw`, summed
    over its processes. `exit_code` is None while the runtime process lives;
    negative for a signal, as subprocess has it. `limit` names the limit that
    the kernel enforced, if one did.
    """

    peak_mb: int
    exit_code: int | None = None
    limit: Limit | None = None


class Sandbox(Protocol):
    """A started, isolated process tree. It serves one function and no other.

    `listener` is a listening stream socket whose other side is
    127.0.0.1:9001 inside; the caller accepts Runtime API connections on it.
    `output` is the read end of what the function prints (stdout and stderr,
    in order, no framing). Both belong to the sandbox and close with it.
    """

    name: str
    listener: socket.socket
    output: int

    def assign(self, assignment: Assignment) -> None:
        """Bind code, set limits and variables, thaw and let it initialise.

        Initialising has a whole CPU, as on Lambda; the next `thaw` brings the
        share that comes with the memory. So thaw before each event, the first
        one too: it is fine when nothing is frozen.
        Once only. Raises SandboxFailed, after which it must be stopped.
        """

    def freeze(self) -> None:
        """Stop all its processes from running. Freezing twice is fine."""

    def thaw(self) -> None:
        """Let them run again and start a new peak for `usage`."""

    def alive(self) -> bool:
        """Whether the runtime process still runs. Never raises: unreachable counts as dead."""

    def usage(self) -> Usage:
        """What it has used since the last thaw. Never raises; zeros once it is gone."""

    def stop(self, *, grace: float = 0.0) -> None:
        """End all processes and free all resources.

        With `grace`, SIGTERM first and up to that many seconds. May be called
        twice, while frozen, or after a crash. Afterwards nothing is left: no
        process, mount, cgroup, network or file.
        """


class Backend(Protocol):
    """One way to isolate. It holds no pool: callers decide how many and when."""

    name: str

    def problem(self) -> str:
        """Why it can't be used here, with the command that mends it; "" when it can."""

    def interpreters(self) -> tuple[Interpreter, ...]:
        """What it can run on this node now. Grows while images are being built."""

    def prepare(
        self, interpreter: Interpreter, *, start_environment: Mapping[str, str] | None = None
    ) -> Sandbox:
        """Start a prepared sandbox.

        `start_environment` holds variables that an interpreter reads at its
        own start (NODE_OPTIONS, PYTHON*, LD_*, TZ): such a sandbox is started
        for one function. Raises SandboxFailed.
        """

    def sweep(self) -> int:
        """Remove what a previous life of this node left behind; how many things."""

    def close(self) -> None:
        """Stop the helpers it keeps (a zygote), leaving nothing behind."""
