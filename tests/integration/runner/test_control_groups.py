"""Control groups of this machine's kernel. Where version 1 has the controllers, version 2
is tried without them: joining, freezing and killing need none."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.errors import SandboxFailed
from runner.sandboxes import cgroups
from runner.sandboxes.cgroups.group import Group
from runner.sandboxes.cgroups.v2 import GroupV2
from tests import needs

COUNT = (
    "import time\nn = 0\nwhile True:\n    n += 1\n    print(n, flush=True)\n    time.sleep(0.001)\n"
)


def unified() -> Path | None:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        if right.startswith("cgroup2 "):
            return Path(left.split(" ")[4])
    return None


@pytest.fixture(params=["found", "version 2"])
def group(request: pytest.FixtureRequest) -> Iterator[Group]:
    needs.require("root")
    if request.param == "found":
        hierarchy = cgroups.detect(f"test-{os.getpid()}")
        if hierarchy is None:
            needs.missing("no control groups can be made here")
        made = hierarchy.create("one")
        yield made
        made.remove()
        hierarchy.leave()
        return
    top = unified()
    if top is None:
        needs.missing("no unified hierarchy is mounted")
    folder = top / f"virga-test-{os.getpid()}"
    folder.mkdir()
    made = GroupV2(folder)
    yield made
    made.remove()


@pytest.fixture
def child(group: Group, tmp_path: Path) -> Iterator[Path]:
    """A process in the group that counts; the file it counts into."""
    joins = group.join_descriptors()

    def join() -> None:
        for descriptor in joins:
            os.write(descriptor, b"0")

    counts = tmp_path / "counts"
    with counts.open("wb") as output:
        process = subprocess.Popen(
            ["/usr/bin/python3", "-S", "-c", COUNT], stdout=output, preexec_fn=join
        )
    for descriptor in joins:
        os.close(descriptor)
    yield counts
    process.kill()
    process.wait()


def test_what_joined_is_listed_and_removing_ends_it(group: Group, child: Path) -> None:
    assert len(group.processes()) == 1
    group.remove()
    group.remove()
    assert group.processes() == []


def test_what_is_frozen_does_not_run(group: Group, child: Path) -> None:
    time.sleep(0.3)
    group.freeze()
    before = child.stat().st_size
    time.sleep(0.2)
    assert child.stat().st_size == before
    group.thaw()
    time.sleep(0.5)
    assert child.stat().st_size > before


def test_what_is_frozen_can_be_removed(group: Group, child: Path) -> None:
    group.freeze()
    group.remove()
    assert group.processes() == []


def test_a_limit_that_the_kernel_refuses_is_an_error(group: Group) -> None:
    with pytest.raises(SandboxFailed, match="limits could not be set"):
        group.limit_processes(-5)
