"""What runs in a build is nobody's: an installed package's own code may be hostile."""

import json
import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.building import bubble, leftovers
from runner.building.bubble import Command, Ending, Job
from runner.sandboxes.volumes import Volumes
from tests import needs

pytestmark = [pytest.mark.bubblewrap]

WORK = f"{bubble.INSIDE}/work"
PYTHON = os.path.realpath(sys.executable)
Run = Callable[..., tuple[Ending, str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs Python source as a build's command; how it ended and what it printed."""
    needs.require("bubblewrap")
    with leftovers.own_folder(tmp_path / "builds") as folder:
        volumes = Volumes(folder)

        def run_(
            source: str, *, timeout_s: float = 30, hosts: tuple[str, ...] = ()
        ) -> tuple[Ending, str]:
            volume = volumes.take(64)
            (volume.path / "tmp").mkdir()
            printed = bytearray()
            job = Job(
                label=folder.name,
                commands=(Command((PYTHON, "-I", "-c", textwrap.dedent(source)), WORK),),
                environment={"PATH": "/usr/bin:/bin", "HOME": WORK},
                work=volume.path,
                visible=(),
                places=bubble.launcher_places(),
                hosts=frozenset(hosts),
                timeout_s=timeout_s,
            )
            ending = bubble.run(job, printed.extend)
            return ending, printed.decode(errors="replace")

        yield run_
        volumes.close()


def test_a_build_is_nobody_without_privilege(run: Run) -> None:
    needs.require("root")
    ending, printed = run(
        """
        import json, os
        status = dict(l.split(":", 1) for l in open("/proc/self/status").read().splitlines())
        print(json.dumps([os.getuid(), os.getgroups(), status["CapEff"].strip(),
                          status["NoNewPrivs"].strip(), status["Seccomp"].strip()]))
        """
    )
    assert ending.code == 0, printed
    uid, groups, capabilities, no_new, seccomp = json.loads(printed)
    assert uid >= 1_400_000_000
    assert groups == []
    assert (int(capabilities, 16), no_new, seccomp) == (0, "1", "2")


def test_a_build_sees_neither_the_hosts_files_nor_its_processes(run: Run) -> None:
    ending, printed = run(
        """
        import json, os
        seen = [p for p in ("/etc/shadow", "/var/run/docker.sock", "/home", "/srv")
                if os.path.exists(p)]
        print(json.dumps([seen, sum(n.isdigit() for n in os.listdir("/proc")), dict(os.environ)]))
        """
    )
    assert ending.code == 0, printed
    seen, processes, variables = json.loads(printed)
    assert seen == []
    assert processes <= 4
    assert not any(name.startswith(("VIRGA", "DJANGO")) for name in variables)


def test_a_build_writes_to_its_own_folder_only(run: Run) -> None:
    ending, printed = run(
        """
        import json, os
        home = os.environ["HOME"]
        written = []
        for place in ("/usr/x", "/x", "/etc/x", "/build/x", "/proc/sys/kernel/core_pattern",
                      home + "/x", "/tmp/x"):
            try:
                open(place, "w").close()
                written.append(place)
            except OSError:
                pass
        print(json.dumps(written))
        """
    )
    assert ending.code == 0, printed
    assert json.loads(printed) == [f"{WORK}/x", "/tmp/x"]


def test_a_build_reaches_nothing_but_the_proxy_and_is_told_no(run: Run) -> None:
    ending, printed = run(
        """
        import socket
        for address in (("1.1.1.1", 443), ("169.254.169.254", 80), ("127.0.0.1", 22)):
            try:
                socket.create_connection(address, 1)
                print("reached", address)
            except OSError:
                pass
        with socket.create_connection(("127.0.0.1", 3128), 5) as proxy:
            proxy.sendall(b"CONNECT 169.254.169.254:80 HTTP/1.1\\r\\n\\r\\n")
            print(proxy.recv(100).decode().splitlines()[0])
        """,
        hosts=("registry.invalid:443",),
    )
    assert ending.refused == ("169.254.169.254:80",)
    assert printed.strip().startswith("HTTP/1.1 403")
    assert "reached" not in printed


def test_a_build_that_takes_too_long_ends_with_all_its_children(run: Run) -> None:
    begun = time.monotonic()
    ending, _ = run(
        "import os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(600)\n", timeout_s=1.0
    )
    assert ending.timed_out
    assert time.monotonic() - begun < 10


def test_a_fork_bomb_stays_in_its_build(run: Run) -> None:
    needs.require("root")
    ending, printed = run(
        """
        import os, time
        count = 0
        while True:
            try:
                if os.fork() == 0:
                    time.sleep(60)
                count += 1
            except OSError:
                print(count, flush=True)
                os._exit(0)
        """
    )
    assert ending.code == 0
    assert 100 < int(printed) < bubble.PROCESSES


def test_memory_over_the_limit_ends_the_build(run: Run) -> None:
    needs.require("root")
    ending, _ = run("x = []\nwhile True: x.append(bytearray(16 << 20))\n")
    assert ending.code != 0


def test_a_full_disk_is_the_builds_own(run: Run) -> None:
    needs.require("root")
    _, printed = run(
        """
        try:
            with open("/tmp/fill", "wb") as file:
                while True:
                    file.write(b"x" * (1 << 20))
        except OSError as error:
            print(error.errno)
        """
    )
    assert printed.strip() == "28"


def test_what_a_killed_worker_left_is_removed_by_the_next_build(tmp_path: Path) -> None:
    needs.require("root")
    root = tmp_path / "builds"
    dead = root / "4194303-dead"
    dead.mkdir(parents=True)
    Volumes(dead).take(16)
    assert str(dead) in Path("/proc/self/mountinfo").read_text()
    with leftovers.own_folder(root) as mine:
        assert list(root.iterdir()) == [mine]
    names = {dead.name, mine.name}
    assert not [p for p in Path("/sys/fs/cgroup").glob("*/virga/builds/*") if p.name in names]
    assert str(root) not in Path("/proc/self/mountinfo").read_text()
