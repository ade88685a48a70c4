"""Version 1: each controller has a hierarchy of its own."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.errors import SandboxFailed
from runner.sandboxes.cgroups import files
from runner.sandboxes.cgroups.group import PERIOD_US, Group, cpu_quota_us


@dataclass(frozen=True, slots=True)
class GroupV1:
    """A folder in each of the controllers' hierarchies."""

    folders: Mapping[str, Path]

    def join_descriptors(self) -> list[int]:
        """As `Group.join_descriptors`: one for each controller."""
        return [files.open_procs(folder) for folder in self.folders.values()]

    def thaw_descriptor(self) -> int | None:
        """As `Group.thaw_descriptor`."""
        state = self.folders["freezer"] / "freezer.state"
        try:
            return os.open(state, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            raise SandboxFailed(files.NOT_SET, detail=str(error)) from error

    def limit_processes(self, processes: int) -> None:
        """As `Group.limit_processes`."""
        files.write(self.folders["pids"] / "pids.max", str(processes))

    def limit(self, memory_mb: int) -> None:
        """As `Group.limit`; with swap, where the kernel counts it."""
        memory = self.folders["memory"]
        files.write(memory / "memory.limit_in_bytes", str(memory_mb << 20))
        swap = memory / "memory.memsw.limit_in_bytes"
        if swap.exists():
            files.write(swap, str(memory_mb << 20))
        self.share_cpu(memory_mb)

    def share_cpu(self, memory_mb: int) -> None:
        """As `Group.share_cpu`."""
        cpu = self.folders["cpu"]
        files.write(cpu / "cpu.cfs_period_us", str(PERIOD_US))
        files.write(cpu / "cpu.cfs_quota_us", str(cpu_quota_us(memory_mb)))

    def freeze(self) -> None:
        """As `Group.freeze`."""
        state = self.folders["freezer"] / "freezer.state"
        files.write(state, "FROZEN")
        files.wait_until(
            lambda: files.read(state).strip() == "FROZEN", "The sandbox could not be frozen."
        )

    def thaw(self) -> None:
        """As `Group.thaw`."""
        files.write(self.folders["freezer"] / "freezer.state", "THAWED")

    def processes(self) -> list[int]:
        """As `Group.processes`."""
        return files.processes(self.folders["pids"])

    def out_of_memory(self) -> bool:
        """As `Group.out_of_memory`. `failcnt` stays 0 on new kernels: the kill count is read."""
        return files.field(self.folders["memory"] / "memory.oom_control", "oom_kill") > 0

    def out_of_processes(self) -> bool:
        """As `Group.out_of_processes`."""
        return files.field(self.folders["pids"] / "pids.events", "max") > 0

    def memory_event(self) -> int | None:
        """As `Group.memory_event`: version 1 kills one process only, the rest is up to us."""
        memory = self.folders["memory"]
        event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        control = os.open(memory / "memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
        try:
            files.write(memory / "cgroup.event_control", f"{event} {control}")
        except SandboxFailed:
            os.close(event)
            raise
        finally:
            os.close(control)
        return event

    def remove(self) -> None:
        """As `Group.remove`. A frozen process dies only when thawed."""
        freezer = self.folders["freezer"] / "freezer.state"

        def kill() -> None:
            files.kill(self.processes())
            if freezer.exists():
                files.write(freezer, "THAWED")

        files.empty(kill, self.processes)
        for folder in self.folders.values():
            files.remove(folder)


@dataclass(frozen=True, slots=True)
class HierarchyV1:
    """One mount for each controller; ours is FOLDER/label in each."""

    parents: Mapping[str, Path]
    version: int = 1

    def create(self, name: str) -> Group:
        """As `Hierarchy.create`."""
        group = GroupV1({name_: parent / name for name_, parent in self.parents.items()})
        for folder in group.folders.values():
            files.make(folder)
        return group

    def leave(self) -> None:
        """As `Hierarchy.leave`."""
        for parent in self.parents.values():
            files.remove_empty(parent)

    def sweep(self, *, keep: Collection[str] = ()) -> int:
        """As `Hierarchy.sweep`."""
        names = {
            folder.name
            for parent in self.parents.values()
            for folder in files.folders(parent)
            if folder.name not in keep
        }
        for name in names:
            GroupV1({key: parent / name for key, parent in self.parents.items()}).remove()
        return len(names)
