"""Limits held by looking, where the kernel can't be told: without control groups or volumes.

One thread looks at the memory of every watched process tree 50 times a
second, and once a second at the size of its /tmp when that is a plain
directory. Whoever is over is reported once; the caller ends it. A function
can be over for a moment: that is weaker than a control group, and the
backend says so.
"""

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner.spec import Limit

LOOK_S = 0.02
TMP_EVERY = 50
DU_PATIENCE_S = 10
PAGE_KB = 4


@dataclass(slots=True)
class Watched:
    """What may be used, and whom to tell. None means not watched."""

    init: int
    over: Callable[[Limit], None]
    memory_mb: int | None = None
    tmp: Path | None = None
    tmp_mb: int = 0


class Watch:
    """The thread, started with the first sandbox to watch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[int, Watched] = {}
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def add(self, watched: Watched) -> None:
        """Begin to look at a sandbox."""
        with self._lock:
            self._watched[watched.init] = watched
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()

    def remove(self, init: int) -> None:
        """Look at it no longer; twice is fine."""
        with self._lock:
            self._watched.pop(init, None)

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        round_ = 0
        while not self._closing.wait(LOOK_S):
            round_ += 1
            with self._lock:
                everything = list(self._watched.values())
            for watched in everything:
                limit = _exceeded(watched, look_at_tmp=round_ % TMP_EVERY == 0)
                if limit is not None:
                    self.remove(watched.init)
                    watched.over(limit)


def _exceeded(watched: Watched, *, look_at_tmp: bool) -> Limit | None:
    if watched.memory_mb is not None:
        pids = [pid for pid in tree(watched.init) if pid != watched.init]
        allowed = watched.memory_mb << 10
        # The cheap sum counts what forks share once for each; the exact one takes longer.
        if sum(map(_private_kb, pids)) > allowed and sum(map(_proportional_kb, pids)) > allowed:
            return Limit.MEMORY
    if look_at_tmp and watched.tmp is not None and _size_kb(watched.tmp) > watched.tmp_mb << 10:
        return Limit.TMP
    return None


def tree(init: int) -> list[int]:
    """A process and all below it. In a sandbox that is everything: orphans come to its init."""
    found = [init]
    for pid in found:
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(word) for word in (task / "children").read_text().split()]
    return found


def stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal, or gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "TZX"


def _private_kb(pid: int) -> int:
    """Resident memory without what is shared with files: statm counts in pages."""
    try:
        _size, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * PAGE_KB


def _proportional_kb(pid: int) -> int:
    """Resident anonymous memory, what is shared divided among those that share it."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss_Anon:"):
                return int(line.split()[1])
    except PermissionError:
        return _private_kb(pid)  # it has made itself unreadable
    except OSError:
        return 0
    return _private_kb(pid)  # a kernel before 5.10


def _size_kb(directory: Path) -> int:
    """Disk use of a tree of any depth; 0 when it is gone or takes too long to count."""
    try:
        done = subprocess.run(
            ["du", "-sxk", "--", str(directory)],
            capture_output=True,
            timeout=DU_PATIENCE_S,
            check=False,
        )
        return int(done.stdout.split()[0])
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        return 0


def wait_until(done: Callable[[], bool], patience_s: float) -> bool:
    """Poll until it is so; whether that came."""
    end = time.monotonic() + patience_s
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.0005)
    return True
