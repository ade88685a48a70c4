"""One container as a sandbox."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import docker

from runner.errors import SandboxFailed
from runner.sandboxes import docker_container, namespaces, volumes
from runner.sandboxes.base import GROUP_ID, USER_ID, Assignment, Usage
from runner.sandboxes.cgroups import Group
from runner.sandboxes.cgroups.group import FULL_CPU_MB
from runner.sandboxes.docker_pipes import Pipes
from runner.sandboxes.layers import merged
from runner.sandboxes.oom import OomWatch
from runner.sandboxes.processes import Process, catches, peak_kb, reset_peaks
from runner.spec import Limit

END_TIMEOUT_S = 5.0
SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running container consists of, as the backend found it."""

    name: str
    container_id: str
    client: docker.DockerClient
    process: Process
    runtime: int
    group: Group
    pipes: Pipes
    listener: socket.socket
    user: int
    layers: Path
    watch: OomWatch
    forget: Callable[[str], None]


class DockerSandbox:
    """A `Sandbox` over a container that runs the bootstrap."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._group = parts.group
        self._process = parts.process
        self.name = parts.name
        self.listener = parts.listener
        self.output = parts.pipes.output
        self._lock = threading.Lock()
        self._stopped = False
        self._initialising = False
        self._assignment: Assignment | None = None
        self._event: int | None = None
        self._out_of_memory = False
        self._refused_before = False
        self._peak_mb = 0
        self._end: docker_container.End | None = None

    def assign(self, assignment: Assignment) -> None:
        """As `Sandbox.assign`."""
        self._assignment = assignment
        self._group.limit(assignment.memory_mb)
        self._group.share_cpu(max(assignment.memory_mb, FULL_CPU_MB))
        self._event = self._parts.watch.add(self._group, self._ran_out_of_memory)
        _hand_over(assignment.tmp, self._parts.user, self._parts.user)
        namespaces.bind_into(self._process.pid, self._binds(assignment))
        self.thaw()
        self._initialising = True
        try:
            self._parts.pipes.send(assignment.line())
        except OSError as error:
            raise SandboxFailed("The sandbox took no assignment.", detail=str(error)) from error

    def freeze(self) -> None:
        """As `Sandbox.freeze`."""
        self._group.freeze()

    def thaw(self) -> None:
        """As `Sandbox.thaw`: the first one after the assignment ends the whole CPU."""
        if self._initialising and self._assignment is not None:
            self._initialising = False
            self._group.share_cpu(self._assignment.memory_mb)
        self._refused_before = self._group.out_of_processes()
        reset_peaks(self._processes())
        self._group.thaw()

    def alive(self) -> bool:
        """As `Sandbox.alive`."""
        return self._process.running()

    def usage(self) -> Usage:
        """As `Sandbox.usage`."""
        if self._stopped:
            return Usage(0)
        self._peak_mb = max(-(-peak_kb(self._processes()) // 1024), self._dead_peak())
        if self._process.running():
            return Usage(self._peak_mb, limit=self._limit())
        if self._end is None:
            with suppress(docker.errors.DockerException, OSError):
                self._end = docker_container.end_of(self._parts.client, self._parts.container_id)
        end = self._end or docker_container.End(-signal.SIGKILL, out_of_memory=False)
        self._out_of_memory = self._out_of_memory or end.out_of_memory
        return Usage(self._peak_mb, exit_code=end.exit_code, limit=self._limit())

    def stop(self, *, grace: float = 0.0) -> None:
        """As `Sandbox.stop`."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
        if grace and self._process.running() and catches(self._parts.runtime, signal.SIGTERM):
            with suppress(SandboxFailed):
                self._group.thaw()
            self._process.signal(signal.SIGTERM)
            self._process.wait(grace)
        try:
            self._kill()
            docker_container.remove(self._parts.client, self._parts.container_id)
            if self._assignment and self._assignment.tmp.exists():
                _hand_over(self._assignment.tmp, USER_ID, GROUP_ID)
        finally:
            self._release()

    # -- how

    def _binds(self, assignment: Assignment) -> list[namespaces.Bind]:
        binds = [
            namespaces.Bind(assignment.code, "/var/task"),
            namespaces.Bind(assignment.tmp, "/tmp", writable=True),  # noqa: S108
        ]
        if assignment.dependencies:
            binds.append(namespaces.Bind(assignment.dependencies, "/var/dependencies"))
        if assignment.layers:
            source = merged(assignment.layers, self._parts.layers)
            binds.append(namespaces.Bind(source, "/opt"))
        return binds

    def _processes(self) -> list[int]:
        """Its processes without the container's minimal init."""
        pids = self._group.processes()
        return [pid for pid in pids if pid == self._parts.runtime or pid != self._process.pid]

    def _dead_peak(self) -> int:
        """The peak of one that has ended: what was seen, or all it had when memory ran out."""
        if self._out_of_memory and self._assignment:
            return self._assignment.memory_mb
        return 0 if self._process.running() else self._peak_mb

    def _limit(self) -> Limit | None:
        if self._out_of_memory:
            return Limit.MEMORY
        if self._group.out_of_processes() and not self._refused_before:
            return Limit.PROCESSES
        full = self._assignment is not None and volumes.is_full(self._assignment.tmp)
        return Limit.TMP if full else None

    def _ran_out_of_memory(self) -> None:
        self._out_of_memory = True
        self._process.signal(signal.SIGKILL)

    def _kill(self) -> None:
        # A frozen process dies only when thawed (version 1 of control groups), and a thousand
        # can't even die in the twentieth of a CPU that 128 MB come with.
        self._process.signal(signal.SIGKILL)
        with suppress(SandboxFailed):
            self._group.share_cpu(FULL_CPU_MB)
            self._group.thaw()
        self._process.wait(END_TIMEOUT_S)

    def _release(self) -> None:
        parts = self._parts
        parts.watch.remove(self._event)
        self.listener.close()
        parts.pipes.close()
        self._process.close()
        parts.forget(self.name)


def _hand_over(tmp: Path, user: int, group: int) -> None:
    """Make a volume and all in it another user's: it comes as Lambda's user's and goes back so.

    A program does the walk when there is one: a function may have left folders
    deeper than Python's recursion goes.
    """
    try:
        if os.stat(tmp).st_uid == user:
            return
        os.chown(tmp, user, group)
        with os.scandir(tmp) as entries:
            empty = next(entries, None) is None
        if not empty:
            command = ["chown", "-R", "-h", f"{user}:{group}", "--", str(tmp)]
            subprocess.run(command, check=True, capture_output=True, env={"PATH": SYSTEM_PATH})
    except (OSError, subprocess.CalledProcessError) as error:
        raise SandboxFailed("The volume for /tmp is not usable.", detail=str(error)) from error
