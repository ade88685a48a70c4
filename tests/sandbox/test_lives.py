"""Whatever happens to the runner or to its nests, nothing of a sandbox stays."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runner.errors import SandboxFailed
from runner.sandboxes.bubblewrap import BubblewrapBackend
from runner.sandboxes.volumes import Volumes
from tests import needs, sandboxes
from tests.sandboxes import wait_until

pytestmark = pytest.mark.bubblewrap
ECHO = "def handler(event, context):\n    return event\n"


def groups_named(names: list[str]) -> list[str]:
    found = []
    for folder, children, _ in os.walk("/sys/fs/cgroup"):
        found += [f"{folder}/{child}" for child in children if child in names]
    return found


def test_a_killed_runner_takes_its_sandboxes_along_and_the_next_sweeps_the_rest(
    tmp_path: Path,
) -> None:
    needs.require("bubblewrap")
    life = subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox.life", str(tmp_path)],
        cwd=needs.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert life.stdout is not None
        told = json.loads(life.stdout.readline())
    finally:
        life.kill()
        life.wait()
        assert life.stdout is not None
        life.stdout.close()
    pids = [pid for sandbox in told["pids"] for pid in sandbox]
    wait_until(lambda: not [p for p in pids if Path(f"/proc/{p}").exists()], "their end", 5)
    backend, volumes = BubblewrapBackend(tmp_path), Volumes(tmp_path)
    try:
        swept = backend.sweep() + volumes.sweep()
        assert groups_named(told["groups"]) == []
        assert backend.sweep() + volumes.sweep() == 0
        if os.geteuid() == 0:
            assert swept >= 3
        mounts = Path("/proc/self/mounts").read_text()
        assert str(tmp_path) not in mounts
    finally:
        backend.close()
        volumes.close()


def test_nothing_is_left_when_a_backend_closes(tmp_path: Path) -> None:
    rig = sandboxes.make("bubblewrap", tmp_path)
    function = rig.start(ECHO)
    function.result()
    prepared = rig.prepare()
    names = [function.sandbox.name, prepared.name]
    pids = function.sandbox._inner._enforcer.processes()
    descriptors = len(os.listdir("/proc/self/fd"))
    rig.close()
    assert not function.sandbox.alive()
    assert not prepared.alive()
    assert groups_named(names) == []
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    assert len(os.listdir("/proc/self/fd")) < descriptors
    held = [d for d in _commands() if str(tmp_path) in d and "bwrap" in d]
    assert held == []


def test_descriptors_do_not_grow_with_sandboxes_that_ended(tmp_path: Path) -> None:
    rig = sandboxes.make("bubblewrap", tmp_path)
    try:
        rig.prepare().stop()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            rig.prepare().stop()
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        rig.close()


def test_a_nest_that_died_is_replaced(tmp_path: Path) -> None:
    rig = sandboxes.make("bubblewrap", tmp_path)
    try:
        first = rig.start(ECHO)
        first.result()
        (nest,) = rig.backend._nests.values()
        children = Path(f"/proc/{nest.pid}/task/{nest.pid}/children").read_text().split()
        for pid in [*map(int, children), nest.pid]:
            os.kill(pid, signal.SIGKILL)
        first.wait_ended()
        wait_until(lambda: not nest.alive(), "the end of the nest")
        assert rig.start(ECHO).result("again") == "again"
    finally:
        rig.close()


def test_a_refused_limit_is_an_error_and_nothing_runs(tmp_path: Path) -> None:
    needs.require("root")
    rig = sandboxes.make("bubblewrap", tmp_path)
    try:
        sandbox = rig.prepare()
        # Less than it uses already: the kernel refuses the write.
        with pytest.raises(SandboxFailed, match="limits could not be set"):
            sandbox._inner._enforcer.group.limit(1)
    finally:
        rig.close()


def _commands() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return found


def test_a_root_file_system_of_ones_own_is_used_instead_of_the_hosts(tmp_path: Path) -> None:
    needs.require("bubblewrap")
    system = tmp_path / "system"
    (system / "etc").mkdir(parents=True)
    (system / "etc" / "mime.types").write_text("text/of-its-own own\n")
    for name in ("usr", "bin", "sbin", "lib", "lib64"):
        if Path("/", name).exists():
            (system / name).symlink_to("/usr" if name == "usr" else f"usr/{name}")
    backend = BubblewrapBackend(tmp_path / "run", rootfs=system)
    (tmp_path / "run").mkdir()
    rig = sandboxes.Rig(backend, tmp_path / "run", isolates=True)
    try:
        found = rig.start(
            "import os\ndef handler(event, context):\n"
            "    return [open('/etc/mime.types').read(), os.path.exists('/etc/ld.so.cache')]\n"
        ).result()
        assert found == ["text/of-its-own own\n", False]
        node = rig.start("exports.handler = async (event) => event;\n", language="node")
        assert node.result("ok") == "ok"
    finally:
        rig.close()
