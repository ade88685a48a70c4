"""The kernel's limits for a whole sandbox: control groups, version 1 and 2.

`detect` finds a hierarchy this process may use: as root the machine's own, as
another user one that was delegated (systemd with Delegate=yes, or folders
that root made over once). A write that the kernel refuses raises
SandboxFailed: a sandbox whose limit was not set never runs.
"""

import os
from pathlib import Path

from runner.errors import SandboxFailed
from runner.sandboxes.cgroups import files
from runner.sandboxes.cgroups.group import FOLDER, V1_CONTROLLERS, V2_CONTROLLERS, Group, Hierarchy
from runner.sandboxes.cgroups.v1 import GroupV1, HierarchyV1
from runner.sandboxes.cgroups.v2 import GroupV2, HierarchyV2

__all__ = ["Group", "Hierarchy", "detect", "of_process"]


def detect(label: str, *, mounts: Path = Path("/proc/self/mountinfo")) -> Hierarchy | None:
    """The hierarchy this process may make groups in, for the installation `label`; None if none."""
    legacy, unified = _mounted(mounts)
    if set(V1_CONTROLLERS) <= legacy.keys():
        tops = {name: legacy[name] / FOLDER for name in V1_CONTROLLERS}
        if all(_usable(top) for top in tops.values()):
            return HierarchyV1({name: top / label for name, top in tops.items()})
    if unified is not None:
        top = unified if os.geteuid() == 0 else _delegated(unified)
        if top is not None and _offers(top):
            return HierarchyV2(top / FOLDER / label, top)
    return None


def of_process(pid: int) -> Group:
    """The group that a container engine made for a process. Raises SandboxFailed."""
    legacy, unified = _mounted(Path("/proc/self/mountinfo"))
    paths = dict(
        line.split(":", 2)[1:] for line in files.read(Path(f"/proc/{pid}/cgroup")).splitlines()
    )
    folders = {
        name: legacy[name] / path.lstrip("/")
        for names, path in paths.items()
        for name in names.split(",")
        if name in legacy
    }
    if set(V1_CONTROLLERS) <= folders.keys():
        return GroupV1({name: folders[name] for name in V1_CONTROLLERS})
    if unified is not None and "" in paths:
        return GroupV2(unified / paths[""].lstrip("/"))
    raise SandboxFailed("The container's limits could not be found.", detail=f"process {pid}")


def _mounted(mounts: Path) -> tuple[dict[str, Path], Path | None]:
    legacy: dict[str, Path] = {}
    unified = None
    for line in files.read(mounts).splitlines():
        left, _, right = line.partition(" - ")
        kind, _source, options = right.split(" ", 2)
        place = Path(left.split(" ")[4])
        if kind == "cgroup":
            legacy |= {name: place for name in options.split(",") if name in V1_CONTROLLERS}
        elif kind == "cgroup2":
            unified = place
    return legacy, unified


def _usable(top: Path) -> bool:
    """Whether groups can be made in `top`, or it can be made. Root made it over, else."""
    if top.is_dir():
        return os.access(top, os.W_OK) and os.access(top / "cgroup.procs", os.W_OK)
    return os.access(top.parent, os.W_OK)


def _offers(top: Path) -> bool:
    return set(V2_CONTROLLERS) <= set(files.read(top / "cgroup.controllers").split())


def _delegated(unified: Path) -> Path | None:
    """The nearest folder above this process that is its user's and holds no process itself.

    A group that hands controllers down may hold none (cgroups(7), "no internal processes").
    """
    for line in files.read(Path("/proc/self/cgroup")).splitlines():
        if line.startswith("0::"):
            folder = unified / line[3:].lstrip("/")
            while folder != unified and os.access(folder / "cgroup.procs", os.W_OK):
                if not files.processes(folder) and os.access(folder, os.W_OK):
                    return folder
                folder = folder.parent
    return None
