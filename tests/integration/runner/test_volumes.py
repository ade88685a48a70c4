"""Volumes on this machine's file system: loop devices as root, directories else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.sandboxes.base import USER_ID
from runner.sandboxes.volumes import LeftVolumes, Volume, Volumes, watched_size_mb


@pytest.fixture
def volumes(tmp_path: Path) -> Iterator[Volumes]:
    made = Volumes(tmp_path)
    yield made
    made.close()


def test_a_volume_is_empty_and_belongs_to_the_functions_user(volumes: Volumes) -> None:
    volume = volumes.take(64)
    assert os.listdir(volume.path) == []
    assert volume.path.stat().st_uid in (USER_ID, os.geteuid())


def test_a_volume_has_the_size_asked_for_or_says_that_it_must_be_watched(volumes: Volumes) -> None:
    volume = volumes.take(64)
    if volume.bounded:
        state = os.statvfs(volume.path)
        assert 50 < state.f_blocks * state.f_frsize >> 20 <= 64
        assert watched_size_mb(volume.path) == 0
    else:
        assert watched_size_mb(volume.path) == 64


def test_removing_leaves_nothing_and_may_be_done_twice(volumes: Volumes, tmp_path: Path) -> None:
    volume = volumes.take(64)
    (volume.path / "file").write_text("x")
    volumes.remove(volume)
    volumes.remove(volume)
    assert not volume.path.exists()
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_a_sweep_takes_what_another_life_left_and_nothing_else(
    volumes: Volumes, tmp_path: Path
) -> None:
    left = Volumes(tmp_path).take(64)
    mine = volumes.take(64)
    assert volumes.sweep() == 1
    assert not left.path.exists()
    assert mine.path.is_dir()
    assert volumes.sweep() == 0


def test_a_large_volume_takes_no_room_until_it_is_written_to(volumes: Volumes) -> None:
    before = os.statvfs(os.path.dirname(volumes.take(64).path))
    volume = volumes.take(10_240)
    after = os.statvfs(os.path.dirname(volume.path))
    assert (before.f_bfree - after.f_bfree) * after.f_frsize < 1 << 30


def test_what_crashed_sandboxes_leave_is_held_to_a_number_and_a_size() -> None:
    left = LeftVolumes(most=3, most_mb=1000)
    volumes = [Volume(Path(str(number)), 100, bounded=True) for number in range(4)]
    assert [left.add("a", volume, at=0) for volume in volumes[:3]] == [[], [], []]
    assert left.add("b", volumes[3], at=1) == [volumes[0]]
    large = Volume(Path("large"), 850, bounded=True)
    assert left.add("b", large, at=2) == volumes[1:3]
    assert left.take("a") is None
    assert left.take("b") is large
    assert left.take_older(5) == [volumes[3]]
    assert left.take("b") is None
