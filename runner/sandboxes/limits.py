"""How a bubblewrap sandbox is held to its limits on this node: the best way there is.

With control groups the kernel holds the whole sandbox. Without, resource
limits hold each process and `watch` the whole. Each way is an Enforcement,
which makes an Enforcer for each sandbox.
"""

import os
import resource
import signal
import subprocess
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

from runner.errors import SandboxFailed
from runner.sandboxes import cgroups, volumes, watch
from runner.sandboxes.cgroups.group import FULL_CPU_MB, PROCESSES
from runner.sandboxes.oom import OomWatch
from runner.sandboxes.watch import Watch, Watched
from runner.spec import Limit

FEW_PROCESSES = 256
"""Without a control group one user's processes are what the kernel can count."""
FREEZE_PATIENCE_S = 2.0


class Enforcer(Protocol):
    """Holds one sandbox to its limits."""

    def join_descriptors(self) -> list[int]:
        """What the sandbox's first process writes "0" to. The caller closes them."""

    def thaw_descriptor(self) -> int | None:
        """What "THAWED" is written to, lest a frozen process outlive the runner."""

    def start_limits(self) -> dict[str, int]:
        """Resource limits that hold from the start, by name."""

    def started(self, init: int, runtime: int) -> None:
        """Its processes, as the host numbers them."""

    def limit(self, memory_mb: int, tmp: Path) -> None:
        """Set the limits of a function, but for CPU, of which initialising has a whole one.

        Raises SandboxFailed.
        """

    def initialised(self) -> None:
        """Set the share of CPU that comes with the memory. Raises SandboxFailed."""

    def freeze(self) -> None:
        """Stop its processes. Raises SandboxFailed."""

    def thaw(self) -> None:
        """Let them run. Raises SandboxFailed."""

    def processes(self) -> list[int]:
        """Its processes, first of all its init."""

    def hit(self) -> Limit | None:
        """The limit that it ran into, if any."""

    def remove(self) -> None:
        """End what is left and remove what the limits need. Raises SandboxFailed."""


class Enforcement(Protocol):
    """Makes enforcers."""

    @property
    def described(self) -> str:
        """What is enforced and how, in a sentence."""

    def create(self, name: str) -> Enforcer:
        """An enforcer for a sandbox. Raises SandboxFailed."""

    def sweep(self, *, keep: Collection[str]) -> int:
        """Remove what an earlier life left, but for the sandboxes named; how many."""

    def close(self) -> None:
        """End its threads."""


def choose(label: str) -> Enforcement:
    """Control groups where this process may make them."""
    hierarchy = cgroups.detect(label)
    return WithGroups(hierarchy) if hierarchy is not None else WithWatch()


class WithGroups:
    """Control groups; /tmp is watched where it has no volume of its own."""

    def __init__(self, hierarchy: cgroups.Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._oom = OomWatch()
        self._watch = Watch()

    @property
    def described(self) -> str:
        """As `Enforcement.described`."""
        return (
            "Memory, CPU, processes and freezing are enforced by the kernel "
            f"(control groups, version {self._hierarchy.version})."
        )

    def create(self, name: str) -> Enforcer:
        """As `Enforcement.create`."""
        group = self._hierarchy.create(name)
        group.limit_processes(PROCESSES)
        return GroupEnforcer(group, self._oom, self._watch)

    def sweep(self, *, keep: Collection[str]) -> int:
        """As `Enforcement.sweep`."""
        return self._hierarchy.sweep(keep=keep)

    def close(self) -> None:
        """As `Enforcement.close`. Another process of the installation may have sandboxes still."""
        self._oom.close()
        self._watch.close()
        self._hierarchy.leave()


class WithWatch:
    """Resource limits and looking."""

    described = (
        "Memory is limited for each process and watched for the whole sandbox, processes are "
        "counted; CPU is not limited. Run as root, or as a systemd unit with Delegate=yes, "
        "to have the kernel enforce all limits."
    )

    def __init__(self) -> None:
        self._watch = Watch()

    def create(self, name: str) -> Enforcer:
        """As `Enforcement.create`."""
        return WatchEnforcer(self._watch)

    def sweep(self, *, keep: Collection[str]) -> int:
        """As `Enforcement.sweep`: nothing is kept anywhere."""
        return 0

    def close(self) -> None:
        """As `Enforcement.close`."""
        self._watch.close()


@dataclass
class GroupEnforcer:
    """A sandbox in a control group."""

    group: cgroups.Group
    oom: OomWatch
    watch: Watch
    init: int = 0
    memory_mb: int = 0
    tmp: Path | None = None
    _event: int | None = None
    _refused_before: bool = False
    _seen: Limit | None = None

    def join_descriptors(self) -> list[int]:
        """As `Enforcer.join_descriptors`."""
        return self.group.join_descriptors()

    def thaw_descriptor(self) -> int | None:
        """As `Enforcer.thaw_descriptor`."""
        return self.group.thaw_descriptor()

    def start_limits(self) -> dict[str, int]:
        """As `Enforcer.start_limits`: the group counts everything."""
        return {}

    def started(self, init: int, runtime: int) -> None:
        """As `Enforcer.started`."""
        self.init = init
        self._event = self.oom.add(self.group, lambda: self._over(Limit.MEMORY))

    def limit(self, memory_mb: int, tmp: Path) -> None:
        """As `Enforcer.limit`."""
        self.memory_mb, self.tmp = memory_mb, tmp
        self.group.limit(memory_mb)
        self.group.share_cpu(max(memory_mb, FULL_CPU_MB))
        size_mb = volumes.watched_size_mb(tmp)
        if size_mb:
            self.watch.add(Watched(self.init, self._over, tmp=tmp, tmp_mb=size_mb))

    def initialised(self) -> None:
        """As `Enforcer.initialised`."""
        self.group.share_cpu(self.memory_mb)

    def freeze(self) -> None:
        """As `Enforcer.freeze`."""
        self.group.freeze()

    def thaw(self) -> None:
        """As `Enforcer.thaw`."""
        self._refused_before = self.group.out_of_processes()
        self.group.thaw()

    def processes(self) -> list[int]:
        """As `Enforcer.processes`."""
        return self.group.processes()

    def hit(self) -> Limit | None:
        """As `Enforcer.hit`."""
        if self._seen is None:
            if self.group.out_of_memory():
                self._seen = Limit.MEMORY
            elif self.group.out_of_processes() and not self._refused_before:
                return Limit.PROCESSES
        return self._seen or _full(self.tmp)

    def remove(self) -> None:
        """As `Enforcer.remove`."""
        self.hit()
        # A thousand processes can't even die in the twentieth of a CPU that 128 MB come with.
        with suppress(SandboxFailed):
            self.group.share_cpu(FULL_CPU_MB)
        self.oom.remove(self._event)
        self.watch.remove(self.init)
        self.group.remove()

    def _over(self, limit: Limit) -> None:
        # Noted here: killed by us first, the kernel has nothing left to kill and to count.
        self._seen = limit
        _kill(self.group.processes())


@dataclass
class WatchEnforcer:
    """A sandbox that is watched."""

    watch: Watch
    init: int = 0
    runtime: int = 0
    tmp: Path | None = None
    _seen: Limit | None = field(default=None)

    def join_descriptors(self) -> list[int]:
        """As `Enforcer.join_descriptors`: no group to join."""
        return []

    def thaw_descriptor(self) -> int | None:
        """As `Enforcer.thaw_descriptor`: a stopped process can be killed."""
        return None

    def start_limits(self) -> dict[str, int]:
        """As `Enforcer.start_limits`. Counted in the sandbox's own user namespace."""
        return {"RLIMIT_NPROC": FEW_PROCESSES}

    def started(self, init: int, runtime: int) -> None:
        """As `Enforcer.started`."""
        self.init, self.runtime = init, runtime

    def limit(self, memory_mb: int, tmp: Path) -> None:
        """As `Enforcer.limit`. RLIMIT_AS would break Node.js, RLIMIT_DATA does not."""
        size_mb = volumes.watched_size_mb(tmp)
        self.tmp = tmp
        try:
            resource.prlimit(self.runtime, resource.RLIMIT_DATA, (memory_mb << 20,) * 2)
            if size_mb:
                resource.prlimit(self.runtime, resource.RLIMIT_FSIZE, (size_mb << 20,) * 2)
        except OSError as error:
            raise SandboxFailed(
                "The sandbox's limits could not be set.", detail=str(error)
            ) from error
        watched = Watched(self.init, self._over, memory_mb=memory_mb)
        if size_mb:
            watched.tmp, watched.tmp_mb = tmp, size_mb
        self.watch.add(watched)

    def initialised(self) -> None:
        """As `Enforcer.initialised`: there is no means to share CPU."""

    def freeze(self) -> None:
        """As `Enforcer.freeze`: again until none forked meanwhile."""

        def all_stopped() -> bool:
            running = [pid for pid in watch.tree(self.init) if not watch.stopped(pid)]
            _kill(running, signal.SIGSTOP)
            return not running

        if not watch.wait_until(all_stopped, FREEZE_PATIENCE_S):
            raise SandboxFailed("The sandbox could not be frozen.")

    def thaw(self) -> None:
        """As `Enforcer.thaw`."""
        _kill(watch.tree(self.init), signal.SIGCONT)

    def processes(self) -> list[int]:
        """As `Enforcer.processes`."""
        return [pid for pid in watch.tree(self.init) if Path(f"/proc/{pid}").exists()]

    def hit(self) -> Limit | None:
        """As `Enforcer.hit`."""
        return self._seen or _full(self.tmp)

    def remove(self) -> None:
        """As `Enforcer.remove`: its init takes the others along."""
        self.watch.remove(self.init)
        if self.init:
            _kill([self.init])

    def _over(self, limit: Limit) -> None:
        self._seen = limit
        _kill([self.init])


def _kill(pids: Collection[int], number: signal.Signals = signal.SIGKILL) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _full(tmp: Path | None) -> Limit | None:
    return Limit.TMP if tmp is not None and volumes.is_full(tmp) else None


@cache
def namespaces_problem(bwrap: str) -> str:
    """Why bubblewrap can't isolate here, with what mends it; "" when it can."""
    command = [bwrap, "--ro-bind", "/", "/", "--unshare-all", "--proc", "/proc", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().removeprefix("bwrap: ")
    return (
        f"bubblewrap can't make namespaces here ({said}). In a container, give it "
        "--security-opt seccomp=unconfined --security-opt systempaths=unconfined; where user "
        "namespaces are restricted: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    )
