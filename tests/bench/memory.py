"""What an installation uses at rest: memory shared fairly (PSS) and processor time."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings

from runner import services as runner
from tests.bench.figures import Figure

PREPARE_S = 90
QUIET_S = 6
LOOK_S = 6
ENGINE = ("dockerd", "containerd")


def at_rest(backend: str) -> Iterator[Figure]:
    """Every process of it once the prepared sandboxes are there: sandboxes and shims too."""
    prepared = _await_prepared()
    time.sleep(QUIET_S)
    pids = processes_of(settings.VIRGA_HOME)
    before = sum(map(ticks, pids))
    time.sleep(LOOK_S)
    busy = (sum(map(ticks, pids)) - before) / os.sysconf("SC_CLK_TCK") / LOOK_S * 100
    total, sandboxes = pss_mb(pids), pss_mb(pids - _own(settings.VIRGA_HOME))
    note = f"{len(pids)} processes; {prepared} prepared sandboxes are {sandboxes:.0f} MB of it"
    if backend == "docker":
        note += f"; the engine itself, {_engine_mb():.0f} MB, not counted"
    yield Figure(
        f"at rest, two prepared sandboxes a language ({backend})",
        "600 MB, no busy CPU",
        f"{total:.0f} MB, {busy:.1f} % of a CPU",
        note,
    )
    yield Figure(f"  of it: {backend}", "", "", _by_name(pids))


def processes_of(home: Path) -> set[int]:
    """What has the home in its environment, its containers, and whatever descends from them."""
    return _with_descendants(_own(home) | _containers(home)) - {os.getpid()}


def tree(pid: int) -> set[int]:
    """A process and whatever descends from it."""
    return _with_descendants({pid})


def pss_mb(pids: Iterable[int]) -> float:
    """Proportional set size; a process that is gone counts nothing."""
    return sum(_pss_kb(pid) for pid in pids) / 1024


def ticks(pid: int) -> int:
    """Processor time used so far, in clock ticks."""
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _await_prepared() -> int:
    """Wait until the stock is full; how many there are."""
    end = time.monotonic() + PREPARE_S
    count, since = 0, time.monotonic()
    while time.monotonic() < end:
        found = int(str(runner.node_status()["prepared"]))
        if found != count:
            count, since = found, time.monotonic()
        elif count >= 2 * settings.PREPARED_PER_RUNTIME and time.monotonic() - since > LOOK_S:
            return count
        time.sleep(1)
    raise SystemExit(f"only {count} sandboxes were prepared within {PREPARE_S} s")


def _own(home: Path) -> set[int]:
    mark = f"VIRGA_HOME={home}".encode()
    found = set()
    for pid in _pids():
        try:
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.add(pid)
        except OSError:
            continue
    return found - {os.getpid()}


def _containers(home: Path) -> set[int]:
    """The first process of each container of this installation, and its shim."""
    import docker
    from docker.errors import DockerException

    from runner.sandboxes.docker_container import INSTALLATION_LABEL

    found = set()
    try:
        client = docker.from_env(timeout=20)
        label = f"{INSTALLATION_LABEL}={home}@{settings.NODE}"
        for container in client.containers.list(filters={"label": label}):
            pid = int(container.attrs["State"]["Pid"])
            fields = _stat(pid)
            found |= {pid, int(fields[1])} if fields else set()
        client.close()
    except DockerException:
        return set()  # no engine, so no containers
    return found


def _with_descendants(pids: set[int]) -> set[int]:
    parents = {pid: int(fields[1]) for pid in _pids() if (fields := _stat(pid))}
    grown = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in grown} - grown:
        grown |= more
    return grown


def _by_name(pids: set[int]) -> str:
    """The memory of each kind of process, largest first."""
    sizes: Counter[str] = Counter()
    for pid in pids:
        sizes[_name(pid)] += _pss_kb(pid)
    return ", ".join(f"{name} {size / 1024:.0f}" for name, size in sizes.most_common(12))


def _name(pid: int) -> str:
    """A word by which a person knows the process."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        command = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"
    if "-Q" in words:
        return f"{words[words.index('-Q') + 1]} (celery)"
    for word in ("beat", "daphne", "uvicorn"):
        if word in words:
            return word
    known = [Path(word).name for word in words if word.endswith((".py", ".cjs"))]
    return known[0] if known else command


def _engine_mb() -> float:
    names = {pid: _name(pid) for pid in _pids()}
    return pss_mb(pid for pid, name in names.items() if name in ENGINE)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
