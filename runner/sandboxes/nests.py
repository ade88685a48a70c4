"""Nests from outside: starting one, speaking to its launcher, ending it."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from runner.errors import SandboxFailed
from runner.sandboxes import rootfs
from runner.sandboxes.nest import messages

PATIENCE_S = 20.0
REPORT_BYTES = 4000


class Conversation:
    """Requests and their replies, matched by number. One at a time; any thread.

    A reply may come after its request was given up. It is nobody's then: taken
    for the next one's, it would hand out another sandbox.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._number = 0

    def ask(
        self, request: dict[str, Any], descriptors: tuple[int, ...] = ()
    ) -> tuple[dict[str, Any], list[int]]:
        """The reply, empty when the other side is gone. Raises OSError, TimeoutError too."""
        with self._lock:
            self._number += 1
            messages.send(self._channel, {**request, "number": self._number}, descriptors)
            while True:
                reply, passed, _ = messages.receive(self._channel)
                if not reply or reply.get("number") == self._number:
                    return reply, passed
                messages.close_all(passed)


class Nest:
    """A running nest. One request at a time; any thread."""

    def __init__(self, made_of: rootfs.Nest, *, label: str, settings: Mapping[str, Any]) -> None:
        """Start it and wait until it is ready. Raises SandboxFailed with what it printed."""
        self._report = os.memfd_create("nest", os.MFD_CLOEXEC)
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.settimeout(PATIENCE_S)
        self._conversation = Conversation(self._channel)
        try:
            self._process = subprocess.Popen(
                rootfs.command(made_of, label=label, channel=theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=self._report,
                stderr=self._report,
                pass_fds=(theirs.fileno(),),
                env={},
                start_new_session=True,  # a Ctrl+C in the terminal is the runner's to handle
            )
        finally:
            theirs.close()
        try:
            self.ask({**settings, "hidden": list(made_of.hidden)})
        except SandboxFailed:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process that holds the nest, as the host numbers it."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether its processes run."""
        return self._process.poll() is None

    def ask(
        self, request: dict[str, Any], descriptors: tuple[int, ...] = ()
    ) -> tuple[dict[str, Any], list[int]]:
        """Send a request; the reply and its descriptors. Raises SandboxFailed."""
        try:
            reply, passed = self._conversation.ask(request, descriptors)
        except OSError as error:
            raise self._failed(str(error)) from error
        if not reply:
            raise self._failed("it ended")
        if "error" in reply:
            messages.close_all(passed)
            raise SandboxFailed("The sandbox could not be set up.", detail=str(reply["error"]))
        return reply, passed

    def close(self) -> None:
        """End it and every sandbox in it."""
        self._channel.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2)
        if self._process.poll() is None:
            end_tree(self._process.pid)
            self._process.wait()
        if self._report >= 0:
            os.close(self._report)
            self._report = -1

    def _failed(self, reason: str) -> SandboxFailed:
        printed = os.pread(self._report, REPORT_BYTES, 0).decode(errors="replace")
        return SandboxFailed(
            "bubblewrap could not start a sandbox.", detail=f"{reason}: {printed}".strip()
        )


def end_tree(pid: int) -> None:
    """End a nest of which only the holding process is known: the launcher takes the rest along."""
    children = _children(pid)
    for process in [*children, pid]:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def labelled(label: str) -> list[int]:
    """The processes that hold nests with a label, or are the topmost left of one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if label.encode() in words and rootfs.PROGRAM.encode() in words:
                    stat = (entry / "stat").read_text().rpartition(")")[2]
                    parents[int(entry.name)] = int(stat.split()[1])
    return [pid for pid, parent in parents.items() if parent not in parents]


def await_gone(pids: list[int], patience_s: float) -> bool:
    """Wait until none of the processes exists; whether that came."""
    end = time.monotonic() + patience_s
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
