"""Version 2: one hierarchy for all controllers."""

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner.errors import SandboxFailed
from runner.sandboxes.cgroups import files
from runner.sandboxes.cgroups.group import PERIOD_US, V2_CONTROLLERS, Group, cpu_quota_us

PROCESSES_FOLDER = "virga-processes"
VACATING = 20


@dataclass(frozen=True, slots=True)
class GroupV2:
    """A folder of the unified hierarchy."""

    folder: Path

    def join_descriptors(self) -> list[int]:
        """As `Group.join_descriptors`."""
        return [files.open_procs(self.folder)]

    def thaw_descriptor(self) -> int | None:
        """As `Group.thaw_descriptor`."""
        return None

    def limit_processes(self, processes: int) -> None:
        """As `Group.limit_processes`."""
        files.write(self.folder / "pids.max", str(processes))

    def limit(self, memory_mb: int) -> None:
        """As `Group.limit`; no swap, and out of memory kills the whole group."""
        files.write(self.folder / "memory.max", str(memory_mb << 20))
        swap = self.folder / "memory.swap.max"
        if swap.exists():
            files.write(swap, "0")
        files.write(self.folder / "memory.oom.group", "1")
        self.share_cpu(memory_mb)

    def share_cpu(self, memory_mb: int) -> None:
        """As `Group.share_cpu`."""
        files.write(self.folder / "cpu.max", f"{cpu_quota_us(memory_mb)} {PERIOD_US}")

    def freeze(self) -> None:
        """As `Group.freeze`."""
        files.write(self.folder / "cgroup.freeze", "1")
        events = self.folder / "cgroup.events"
        files.wait_until(
            lambda: files.field(events, "frozen") == 1, "The sandbox could not be frozen."
        )

    def thaw(self) -> None:
        """As `Group.thaw`."""
        files.write(self.folder / "cgroup.freeze", "0")

    def processes(self) -> list[int]:
        """As `Group.processes`."""
        return files.processes(self.folder)

    def out_of_memory(self) -> bool:
        """As `Group.out_of_memory`."""
        return files.field(self.folder / "memory.events", "oom_kill") > 0

    def out_of_processes(self) -> bool:
        """As `Group.out_of_processes`."""
        return files.field(self.folder / "pids.events", "max") > 0

    def memory_event(self) -> int | None:
        """As `Group.memory_event`: memory.oom.group does it."""
        return None

    def remove(self) -> None:
        """As `Group.remove`."""

        def kill() -> None:
            if (self.folder / "cgroup.kill").exists():  # since Linux 5.14
                files.write(self.folder / "cgroup.kill", "1")
            else:
                files.kill(self.processes())

        files.empty(kill, self.processes)
        files.remove(self.folder)


@dataclass(frozen=True, slots=True)
class HierarchyV2:
    """The unified hierarchy; ours is FOLDER/label below a folder we may use."""

    parent: Path
    top: Path
    version: int = 2

    def create(self, name: str) -> Group:
        """As `Hierarchy.create`."""
        if not self.parent.is_dir():
            self._open()
        group = GroupV2(self.parent / name)
        files.make(group.folder)
        return group

    def _open(self) -> None:
        """Hand the controllers down from the top to our folder."""
        if (self.top / "cgroup.type").exists():  # which the machine's own root has not
            _vacate(self.top)
        files.make(self.parent)
        handed = [self.top, *_between(self.top, self.parent), self.parent]
        for folder in handed:
            control = folder / "cgroup.subtree_control"
            missing = set(V2_CONTROLLERS) - set(files.read(control).split())
            if missing:
                files.write(control, " ".join(f"+{name}" for name in sorted(missing)))

    def leave(self) -> None:
        """As `Hierarchy.leave`."""
        files.remove_empty(self.parent)

    def sweep(self, *, keep: Collection[str] = ()) -> int:
        """As `Hierarchy.sweep`."""
        found = [folder for folder in files.folders(self.parent) if folder.name not in keep]
        for folder in found:
            GroupV2(folder).remove()
        return len(found)


def _vacate(top: Path) -> None:
    """Move the processes of a group into one below it: with any, it can hand nothing down.

    So it is in a container: its group looks like the root, and holds this process.
    """
    below = top / PROCESSES_FOLDER
    for _ in range(VACATING):  # a process may fork meanwhile
        found = files.processes(top)
        if not found:
            return
        files.make(below)
        for process in found:
            descriptor = files.open_procs(below)
            try:
                # One that has ended since need not be moved.
                with suppress(ProcessLookupError):
                    os.write(descriptor, str(process).encode())
            except OSError as error:
                raise SandboxFailed(files.NOT_SET, detail=f"{process} to {below}") from error
            finally:
                os.close(descriptor)


def _between(top: Path, folder: Path) -> list[Path]:
    return [parent for parent in reversed(folder.parents) if top in parent.parents]
