"""Limits held by looking, where the kernel can't be told: without control groups or volumes.

One thread looks at the memory of every watched process tree 50 times a
second; another, once a second, at the size of each /tmp that is a plain
directory, for counting a large one takes long. Whoever is over is reported
once; the caller ends it. A function can be over for a moment: that is weaker
than a control group, and the backend says so.
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
LOOK_AT_TMP_S = 1.0
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
    """The two threads, started with the first sandbox to watch."""

    def __init__(self, *, size_kb: Callable[[Path], int | None] | None = None) -> None:
        self._size_kb = size_kb or disk_use_kb
        self._lock = threading.Lock()
        self._watched: dict[int, Watched] = {}
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    def add(self, watched: Watched) -> None:
        """Begin to look at a sandbox."""
        with self._lock:
            self._watched[watched.init] = watched
            if not self._threads:
                self._start("watch-memory", LOOK_S, _memory_exceeded)
                self._start("watch-tmp", LOOK_AT_TMP_S, self._tmp_exceeded)

    def remove(self, init: int) -> None:
        """Look at it no longer; twice is fine."""
        with self._lock:
            self._watched.pop(init, None)

    def close(self) -> None:
        """End the threads."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _start(
        self, name: str, every_s: float, exceeded: Callable[[Watched], Limit | None]
    ) -> None:
        work = (every_s, exceeded)
        thread = threading.Thread(target=self._run, args=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _run(self, every_s: float, exceeded: Callable[[Watched], Limit | None]) -> None:
        while not self._closing.wait(every_s):
            with self._lock:
                everything = list(self._watched.values())
            for watched in everything:
                limit = exceeded(watched)
                if limit is not None and self._report(watched):
                    watched.over(limit)

    def _report(self, watched: Watched) -> bool:
        """Whether it is this thread that tells: the other one may just have, or it has ended."""
        with self._lock:
            if self._watched.get(watched.init) is not watched:
                return False
            del self._watched[watched.init]
            return True

    def _tmp_exceeded(self, watched: Watched) -> Limit | None:
        if watched.tmp is None or self._closing.is_set():
            return None
        size = self._size_kb(watched.tmp)
        # So many files that they can't be counted in time are too many.
        return Limit.TMP if size is None or size > watched.tmp_mb << 10 else None


def _memory_exceeded(watched: Watched) -> Limit | None:
    if watched.memory_mb is None:
        return None
    pids = [pid for pid in tree(watched.init) if pid != watched.init]
    allowed = watched.memory_mb << 10
    # The cheap sum counts what forks share once for each; the exact one takes longer.
    if sum(map(_private_kb, pids)) > allowed and sum(map(_proportional_kb, pids)) > allowed:
        return Limit.MEMORY
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


def disk_use_kb(directory: Path, patience_s: float = DU_PATIENCE_S) -> int | None:
    """Disk use of a tree of any depth; 0 when it is gone, None when there was no time to count."""
    try:
        done = subprocess.run(
            ["du", "-sxk", "--", str(directory)],
            capture_output=True,
            timeout=patience_s,
            check=False,
        )
        return int(done.stdout.split()[0])
    except subprocess.TimeoutExpired:
        return None
    except (IndexError, ValueError):
        return 0


def wait_until(done: Callable[[], bool], patience_s: float) -> bool:
    """Poll until it is so; whether that came."""
    end = time.monotonic() + patience_s
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.0005)
    return True
