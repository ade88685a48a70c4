"""What an installation uses at rest: memory shared fairly (PSS) and processor time."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from runner import services as runner
from tests.bench.figures import Figure
from tests.bench.processes import pids_now, pss_kb, pss_mb, stat, ticks, with_descendants

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
    return with_descendants(_own(home) | _containers(home)) - {os.getpid()}


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
    for pid in pids_now():
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
            fields = stat(pid)
            found |= {pid, int(fields[1])} if fields else set()
        client.close()
    except DockerException:
        return set()  # no engine, so no containers
    return found


def _by_name(pids: set[int]) -> str:
    """The memory of each kind of process, largest first."""
    sizes: Counter[str] = Counter()
    for pid in pids:
        sizes[name_of(pid)] += pss_kb(pid)
    return ", ".join(f"{name} {size / 1024:.0f}" for name, size in sizes.most_common(12))


def name_of(pid: int) -> str:
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
    names = {pid: name_of(pid) for pid in pids_now()}
    return pss_mb(pid for pid, name in names.items() if name in ENGINE)
