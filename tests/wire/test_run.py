"""`make run` as a person meets it: it starts, refuses with a way out, and leaves nothing."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, free_port, running_installation
from tests.needs import ROOT


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running_installation(tmp_path_factory.mktemp("run") / "home") as it:
        yield it


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "console/home/supervisor.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_prints_one_address_and_a_one_time_link(installation: Installation) -> None:
    assert installation.url in installation.output
    assert len(re.findall(r"/link/\S+", installation.output)) == 1


def test_both_faces_answer(installation: Installation) -> None:
    for address in (
        f"{installation.url}/healthz",
        f"http://localhost:{installation.endpoint_port}/_virga/health",
    ):
        with urllib.request.urlopen(address, timeout=5) as answer:
            assert answer.status == 200


def test_no_log_holds_what_signs_somebody_in(installation: Installation) -> None:
    opened = installation.sign_in_link()
    with urllib.request.urlopen(opened, timeout=5) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(opened, data=b"", timeout=5)  # refused, which Django logs
    first = re.findall(r"/link/(\S+)", installation.output)
    for token in (opened.rpartition("/")[2], *first):
        for log in (installation.home / "run" / "log").iterdir():
            assert token not in log.read_text(errors="replace"), log.name


def test_getting_ready_makes_a_link_only_when_asked_to(installation: Installation) -> None:
    assert "/link/" not in installation.manage("prepare")


def test_a_second_start_on_the_same_home_is_refused_with_a_way_out(
    installation: Installation,
) -> None:
    again = start(installation.environment)
    assert again.returncode == 1
    assert "VIRGA_HOME=.virga2" in again.stdout
    assert installation.process.poll() is None


def test_a_taken_port_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        environment = os.environ | {"VIRGA_HOME": str(tmp_path / "home"), "PORT": str(port)}
        environment["ENDPOINT_PORT"] = str(free_port())
        run = start(environment)
    assert run.returncode == 1
    assert f"Port {port} is taken" in run.stdout


def test_a_killed_runner_is_started_again(installation: Installation) -> None:
    ready = installation.home / "run" / "runner.ready"
    pid = _pid_of(installation, b"runner@%h")
    before = ready.stat().st_mtime
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if ready.exists() and ready.stat().st_mtime > before:
            break
        time.sleep(0.2)
    assert ready.stat().st_mtime > before
    assert _pid_of(installation, b"runner@%h") != pid


def test_everything_it_keeps_is_in_its_home_and_only_its_owner_reads_it(
    installation: Installation,
) -> None:
    assert installation.home.stat().st_mode & 0o077 == 0
    assert (installation.home / "virga.sqlite3").exists()
    for key in (installation.home / "keys").iterdir():
        assert key.stat().st_mode & 0o077 == 0


def test_two_installations_run_side_by_side(installation: Installation, tmp_path: Path) -> None:
    with running_installation(tmp_path / "second") as second:
        with urllib.request.urlopen(f"{second.url}/healthz", timeout=5) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{installation.url}/healthz", timeout=5) as answer:
            assert answer.status == 200
    assert second.processes() == []


def test_ctrl_c_leaves_no_process_and_no_mount(tmp_path: Path) -> None:
    with running_installation(tmp_path / "home") as it:
        assert it.stop() == 0
        assert it.processes() == []
        mounts = Path("/proc/self/mounts").read_text()
        assert str(it.home) not in mounts


def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    with running_installation(tmp_path / "home") as it:
        os.kill(it.process.pid, signal.SIGKILL)
        it.process.wait()
        deadline = time.monotonic() + 30
        while it.processes() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert it.processes() == []


def _pid_of(installation: Installation, argument: bytes) -> int:
    for pid in installation.processes():
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if argument in command:
            return pid
    raise AssertionError(f"no process with {argument!r}")
