"""What /proc tells about a sandbox's processes."""

import os
import select
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

SYSCALL_READ = {"x86_64": "0", "aarch64": "63"}.get(os.uname().machine, "")
QUIET_S = 0.03
"""A runtime that has slept for so long without running waits for its assignment."""


class Process:
    """A process by descriptor: its number may be given to another, this may not."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def running(self) -> bool:
        """Whether it has not ended yet."""
        if self._handle < 0:
            return False
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        return not poll.poll(0)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; whether it came."""
        if self._handle < 0:
            return True
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        with suppress(OSError):
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, number)

    def close(self) -> None:
        """Let go of the descriptor."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def first_child(pid: int) -> int:
    """The runtime below the container's minimal init; `pid` itself when there is no init."""
    with suppress(OSError, ValueError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
    return pid


def await_quiet(pid: int, timeout_s: float) -> bool:
    """Wait until a process blocks on reading its standard input, or sleeps for good."""
    end = time.monotonic() + timeout_s
    before, since = "", time.monotonic()
    while time.monotonic() < end:
        try:
            if _reads_stdin(pid):
                return True
            now = _progress(pid)
        except OSError:
            return False
        if now != before or not now:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > QUIET_S:
            return True
        time.sleep(0.002)
    return False


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether it has a handler for a signal; waiting for one that has none is in vain."""
    mask = _status(pid).get("SigCgt", "0")
    return bool(int(mask, 16) >> (number - 1) & 1)


def peak_kb(pids: Iterable[int]) -> int:
    """The highest resident sizes since `reset_peaks`, summed over processes."""
    return sum(map(_peak_kb, pids))


def reset_peaks(pids: Iterable[int]) -> None:
    """Begin a new peak for each process."""
    for pid in pids:
        with suppress(OSError), open(f"/proc/{pid}/clear_refs", "wb", buffering=0) as opened:
            opened.write(b"5")


def _peak_kb(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/status", "rb", buffering=0) as opened:
            _, _, rest = opened.read().partition(b"\nVmHWM:")
    except OSError:
        return 0
    return int(rest.split(None, 1)[0]) if rest else 0


def _status(pid: int) -> dict[str, str]:
    found = {}
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            found[name] = value.strip()
    return found


def _reads_stdin(pid: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/syscall").read_text().split()
    except PermissionError:
        return False
    return len(fields) > 1 and fields[0] == SYSCALL_READ and fields[1] == "0x0"


def _progress(pid: int) -> str:
    """A mark that changes whenever the process runs; "" while it runs or could."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    if state != "S":
        return ""
    return Path(f"/proc/{pid}/schedstat").read_text().split()[0]
