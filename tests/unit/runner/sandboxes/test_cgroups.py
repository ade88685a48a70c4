"""What is written to the kernel, on folders that stand in for its files, and what is found."""

from pathlib import Path

import pytest

from runner.errors import SandboxFailed
from runner.sandboxes import cgroups
from runner.sandboxes.cgroups.group import cpu_quota_us
from runner.sandboxes.cgroups.v1 import GroupV1
from runner.sandboxes.cgroups.v2 import GroupV2, HierarchyV2

V2_FILES = [
    "memory.max",
    "memory.swap.max",
    "memory.oom.group",
    "cpu.max",
    "pids.max",
    "cgroup.freeze",
    "cgroup.procs",
]


@pytest.fixture
def unified(tmp_path: Path) -> GroupV2:
    for name in V2_FILES:
        (tmp_path / name).touch()
    return GroupV2(tmp_path)


def read(group: GroupV2, name: str) -> str:
    return (group.folder / name).read_text()


@pytest.mark.parametrize(("memory_mb", "quota"), [(128, 1447), (1769, 20_000), (3538, 40_000)])
def test_cpu_comes_with_memory_as_on_lambda(memory_mb: int, quota: int) -> None:
    assert cpu_quota_us(memory_mb) == quota


def test_a_quota_is_never_below_what_the_kernel_takes() -> None:
    assert cpu_quota_us(1) == 1000


def test_version_2_limits_memory_swap_and_cpu_and_kills_the_group(unified: GroupV2) -> None:
    unified.limit(256)
    assert read(unified, "memory.max") == str(256 << 20)
    assert read(unified, "memory.swap.max") == "0"
    assert read(unified, "memory.oom.group") == "1"
    assert read(unified, "cpu.max") == "2894 20000"


def test_version_2_knows_what_hit_a_limit(unified: GroupV2) -> None:
    assert not unified.out_of_memory()
    assert not unified.out_of_processes()
    (unified.folder / "memory.events").write_text("low 0\nmax 4\noom 1\noom_kill 2\n")
    (unified.folder / "pids.events").write_text("max 3\n")
    assert unified.out_of_memory()
    assert unified.out_of_processes()


def test_version_2_waits_until_frozen(unified: GroupV2) -> None:
    (unified.folder / "cgroup.events").write_text("populated 1\nfrozen 1\n")
    unified.freeze()
    assert read(unified, "cgroup.freeze") == "1"
    unified.thaw()
    assert read(unified, "cgroup.freeze").startswith("0")


def test_a_write_that_is_refused_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SandboxFailed) as caught:
        GroupV2(tmp_path / "gone").limit(128)
    assert "memory.max" in caught.value.detail
    folders = {name: tmp_path / "gone" for name in ("memory", "cpu", "pids", "freezer")}
    with pytest.raises(SandboxFailed):
        GroupV1(folders).limit(128)


def test_controllers_are_handed_down_to_our_folder(tmp_path: Path) -> None:
    control = tmp_path / "cgroup.subtree_control"
    control.write_text("cpu")
    ours = tmp_path / "virga" / "label"
    ours.parent.mkdir()
    (ours.parent / "cgroup.subtree_control").touch()
    hierarchy = HierarchyV2(ours, tmp_path)
    with pytest.raises(
        SandboxFailed
    ):  # the kernel makes the file in a new folder; here nobody does
        hierarchy.create("one")
    assert control.read_text() == "+memory +pids"
    assert (ours.parent / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"


def test_a_containers_own_group_is_vacated_before_it_hands_controllers_down(
    tmp_path: Path,
) -> None:
    (tmp_path / "cgroup.type").write_text("domain\n")
    (tmp_path / "cgroup.procs").write_text("4242\n")
    (tmp_path / "cgroup.subtree_control").touch()
    below = tmp_path / "virga-processes"
    below.mkdir()
    (below / "cgroup.procs").touch()
    with pytest.raises(SandboxFailed):  # no kernel makes the files of the folders below
        HierarchyV2(tmp_path / "virga" / "label", tmp_path).create("one")
    assert (below / "cgroup.procs").read_text() == "4242"
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"


def test_the_machines_own_root_keeps_its_processes(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").write_text("1\n2\n")
    (tmp_path / "cgroup.subtree_control").touch()
    with pytest.raises(SandboxFailed):
        HierarchyV2(tmp_path / "virga" / "label", tmp_path).create("one")
    assert not (tmp_path / "virga-processes").exists()


def test_without_any_hierarchy_there_is_none(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("22 1 0:20 / /proc rw - proc proc rw\n")
    assert cgroups.detect("label", mounts=mounts) is None


def test_a_unified_hierarchy_without_controllers_is_not_used(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 0:20 / {tmp_path} rw - cgroup2 cgroup2 rw\n")
    (tmp_path / "cgroup.controllers").write_text("\n")
    assert cgroups.detect("label", mounts=mounts) is None
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    found = cgroups.detect("label", mounts=mounts)
    assert found is None or found.version == 2
