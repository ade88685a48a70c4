"""One sandbox of a nest, from outside."""

import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import SandboxFailed
from runner.sandboxes.base import Assignment, Usage
from runner.sandboxes.layers import merged
from runner.sandboxes.limits import Enforcer
from runner.sandboxes.nest import messages, syscalls
from runner.sandboxes.nests import Nest
from runner.sandboxes.processes import Process, await_quiet, peak_kb, reset_peaks

START_S = 10.0
END_S = 15.0  # a fork bomb on a busy machine takes its time to die
TELL_S = 0.2


@dataclass(frozen=True, slots=True)
class Parts:
    """What a sandbox is made of. `user` is its number on the host, None where there is one only."""

    name: str
    nest: Nest
    enforcer: Enforcer
    user: int | None
    command: list[str]
    environment: Mapping[str, str]
    limits: Mapping[str, int]
    layers: Path
    forget: Callable[[str], None]


class Bubblewrapped:
    """A Sandbox (the contract is in `base`)."""

    def __init__(self, parts: Parts) -> None:
        """Start it, wait until the runtime awaits its assignment, freeze. Raises SandboxFailed."""
        self.name = parts.name
        self._parts = parts
        self._enforcer = parts.enforcer
        self._owned = ExitStack()
        self._exit: int | None = None
        self._gone = False
        self._initialising = False
        self._processes: tuple[Process, Process] | None = None
        try:
            self._start()
        except (SandboxFailed, OSError) as error:
            self.stop()
            if isinstance(error, SandboxFailed):
                raise
            raise SandboxFailed("A sandbox could not be started.", detail=str(error)) from error

    # -- start

    def _start(self) -> None:
        self._life, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._owned.callback(self._life.close)
        self._life.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._life.settimeout(START_S)
        with ExitStack() as theirs_too:
            theirs_too.callback(theirs.close)
            stdin, self._input = os.pipe2(os.O_CLOEXEC)
            theirs_too.callback(os.close, stdin)
            self._owned.callback(os.close, self._input)
            self.output, stdout = os.pipe2(os.O_CLOEXEC)
            theirs_too.callback(os.close, stdout)
            self._owned.callback(os.close, self.output)
            self._spawn(theirs_too, [theirs.fileno(), stdin, stdout])
        self._meet()
        if not await_quiet(self._runtime.pid, START_S) or not self.alive():
            raise SandboxFailed("The runtime did not start.", detail=self._printed())
        self.freeze()

    def _spawn(self, theirs: ExitStack, descriptors: list[int]) -> None:
        joins = self._enforcer.join_descriptors()
        thaw = self._enforcer.thaw_descriptor()
        for descriptor in [*joins, *([] if thaw is None else [thaw])]:
            theirs.callback(os.close, descriptor)
            descriptors.append(descriptor)
        request = {
            "what": "spawn",
            "user": self._parts.user,
            "command": self._parts.command,
            "environment": dict(self._parts.environment),
            "limits": {**self._parts.limits, **self._enforcer.start_limits()},
            "thaws": thaw is not None,
        }
        reply, passed = self._parts.nest.ask(request, tuple(descriptors))
        self._namespace = passed[0]
        self._owned.callback(os.close, self._namespace)
        self._inner_pid = int(reply["pid"])

    def _meet(self) -> None:
        """Take the listener, and learn the runtime's process from the kernel's own word."""
        try:
            message, passed, runtime = messages.receive(self._life)
        except TimeoutError as error:
            raise SandboxFailed("A sandbox took too long to start.") from error
        if "ready" not in message or not passed:
            messages.close_all(passed)
            raise SandboxFailed(
                "A sandbox could not be isolated.", detail=str(message.get("error", "it ended"))
            )
        self.listener = socket.socket(fileno=passed[0])
        self._owned.callback(self.listener.close)
        init = _parent(runtime)
        self._processes = (Process(init), Process(runtime))
        for process in self._processes:
            self._owned.callback(process.close)
        self._enforcer.started(init, runtime)

    @property
    def _init(self) -> Process:
        assert self._processes is not None
        return self._processes[0]

    @property
    def _runtime(self) -> Process:
        assert self._processes is not None
        return self._processes[1]

    def _printed(self) -> str:
        with suppress(OSError):
            os.set_blocking(self.output, False)
            return os.read(self.output, 4000).decode(errors="replace")
        return ""

    # -- the contract

    def assign(self, assignment: Assignment) -> None:
        """As `Sandbox.assign`."""
        self._enforcer.limit(assignment.memory_mb, assignment.tmp)
        self._mount(assignment)
        self._enforcer.thaw()
        self._initialising = True
        try:
            data = assignment.line()
            while data:
                data = data[os.write(self._input, data) :]
        except OSError as error:
            raise SandboxFailed(
                "The runtime ended before it had a function.", detail=str(error)
            ) from error

    def freeze(self) -> None:
        """As `Sandbox.freeze`."""
        self._enforcer.freeze()

    def thaw(self) -> None:
        """As `Sandbox.thaw`."""
        if self._initialising:
            self._initialising = False
            self._enforcer.initialised()
        self._enforcer.thaw()
        reset_peaks(self._inside())

    def alive(self) -> bool:
        """As `Sandbox.alive`."""
        return not self._gone and self._processes is not None and self._runtime.running()

    def usage(self) -> Usage:
        """As `Sandbox.usage`."""
        if self._gone or self._processes is None:
            return Usage(0, exit_code=self._exit)
        peak = -(-peak_kb(self._inside()) // 1024)
        if self._exit is None and not self._runtime.running():
            self._exit = self._told_exit()
        return Usage(peak, exit_code=self._exit, limit=self._enforcer.hit())

    def stop(self, *, grace: float = 0.0) -> None:
        """As `Sandbox.stop`."""
        if self._gone:
            return
        if self._processes is not None:
            if grace > 0 and self.alive():
                self._enforcer.thaw()
                self._runtime.signal(signal.SIGTERM)
                self._runtime.wait(grace)
            self._init.signal(signal.SIGKILL)
        self._gone = True
        with self._owned:
            self._enforcer.remove()
            if self._processes is not None and not self._init.wait(END_S):
                raise SandboxFailed("A sandbox could not be ended.", detail=str(self._init.pid))
        self._parts.forget(self.name)

    # -- parts of it

    def _inside(self) -> list[int]:
        """Its processes but the first, which is ours."""
        return [pid for pid in self._enforcer.processes() if pid != self._init.pid]

    def _told_exit(self) -> int:
        """What its init said of the runtime's end. Killed with it, it says nothing."""
        ready, _, _ = select.select([self._life], [], [], TELL_S)
        if not ready:
            return -signal.SIGKILL
        message, passed, _ = messages.receive(self._life)
        messages.close_all(passed)
        code = message.get("exit")
        return code if isinstance(code, int) else -signal.SIGKILL

    def _mount(self, assignment: Assignment) -> None:
        binds: list[tuple[Path, dict[str, Any]]] = [(assignment.code, _bind("/var/task"))]
        if assignment.dependencies is not None:
            binds.append((assignment.dependencies, _bind("/var/dependencies")))
        if assignment.layers:
            binds.append((merged(assignment.layers, self._parts.layers), _bind("/opt")))
        tmp = _bind("/tmp", writable=True)  # noqa: S108
        if self._parts.user is not None:
            if os.path.ismount(assignment.tmp):
                # On the volume files belong to Lambda's user, whoever that is in this sandbox.
                tmp["mapped"] = True
            else:
                _give(assignment.tmp, self._parts.user)
        binds.append((assignment.tmp, tmp))
        self._attach(binds)

    def _attach(self, binds: list[tuple[Path, dict[str, Any]]]) -> None:
        request: dict[str, Any] = {
            "what": "attach",
            "pid": self._inner_pid,
            "binds": [bind for _, bind in binds],
            "paths": [],
        }
        with ExitStack() as trees:
            descriptors = [self._namespace]
            if self._parts.user is None:
                request["paths"] = [str(path) for path, _ in binds]
            else:
                for path, _ in binds:
                    try:
                        descriptors.append(syscalls.open_tree(str(path)))
                    except OSError as error:
                        raise SandboxFailed(
                            "The function's files could not be mounted.", detail=str(error)
                        ) from error
                    trees.callback(os.close, descriptors[-1])
            self._parts.nest.ask(request, tuple(descriptors))


def _bind(target: str, *, writable: bool = False) -> dict[str, Any]:
    return {"target": target, "writable": writable, "mapped": False}


def _parent(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("PPid:"):
            return int(line.split()[1])
    raise SandboxFailed("A sandbox ended while it started.")


def _give(directory: Path, user: int) -> None:
    """Make a plain directory a sandbox user's: the program follows no link and any depth."""
    command = ["chown", "-R", "-P", "-h", f"{user}:{user}", "--", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SandboxFailed("A /tmp could not be handed over.", detail=done.stderr)
