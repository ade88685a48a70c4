"""What is Docker's own about its sandboxes: containers, users, leftovers, images.

The contract of every backend and the attacks on it are tested beside this,
on this backend too.
"""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from runner import images
from runner.images import ImagesState
from runner.runtimes.images import IMAGES
from runner.sandboxes.docker import DockerBackend
from tests import needs
from tests.needs import ROOT
from tests.sandboxes import Function, Rig, make

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def docker_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    needs.require("docker", "root")
    status = images.ensure()
    assert status.state is ImagesState.READY, status.step
    made = make("docker", tmp_path_factory.mktemp("docker"))
    yield made
    made.close()


@pytest.fixture
def rig(docker_rig: Rig) -> Iterator[Rig]:
    yield docker_rig
    docker_rig.clear()


def start(rig: Rig, source: str, **rest: int) -> Function:
    return rig.start(textwrap.dedent(source), **rest)


def containers() -> dict[str, str]:
    """The names of every container, with their ids."""
    client = docker.from_env()
    try:
        return {c.name: str(c.id) for c in client.containers.list(all=True)}
    finally:
        client.close()


def test_a_function_has_no_privilege_and_a_filter(rig: Rig) -> None:
    source = """
        def handler(event, context):
            status = dict(l.split(":", 1) for l in open("/proc/self/status").read().splitlines())
            return [status[k].strip() for k in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")]
        """
    capabilities, bounding, *rest = start(rig, source).result()
    assert int(capabilities, 16) == int(bounding, 16) == 0
    assert rest == ["1", "2"]


def test_two_sandboxes_are_two_users_that_the_host_does_not_know(rig: Rig) -> None:
    source = (
        "import os, pwd\ndef handler(e, c): return [os.getuid(), pwd.getpwuid(os.getuid())[0]]\n"
    )
    (one, name), (two, _) = start(rig, source).result(), start(rig, source).result()
    assert one != two
    assert min(one, two) >= 0x20000000
    assert name == "sbx_user1051"


def test_there_is_no_network_but_the_runtime_api(rig: Rig) -> None:
    source = """
        import os, socket
        PLACES = [("169.254.169.254", 80), ("172.17.0.1", 2375), ("127.0.0.1", 8000),
                  ("127.0.0.1", 5432), ("127.0.0.1", 22)]
        def reach(address):
            try:
                with socket.create_connection(address, 0.5):
                    return True
            except OSError:
                return False
        def handler(event, context):
            engine = [p for p in ("/run/docker.sock", "/var/run/docker.sock") if os.path.exists(p)]
            return [reach(("127.0.0.1", 9001)), [a for a in PLACES if reach(a)], engine,
                    [n for _, n in socket.if_nameindex() if n.startswith(("eth", "veth"))]]
        """
    assert start(rig, source).result() == [True, [], [], []]


def test_a_volume_goes_back_to_the_user_it_came_from(rig: Rig) -> None:
    volume = rig.volume()
    owner = os.stat(volume.path).st_uid
    function = rig.start("def handler(e, c): open('/tmp/kept', 'w').write('x')\n", volume=volume)
    function.result()
    function.sandbox.stop()
    assert os.stat(volume.path).st_uid == owner
    assert os.stat(volume.path / "kept").st_uid == owner


def test_a_stopped_sandbox_leaves_no_container_folder_mount_or_group(rig: Rig) -> None:
    function = start(rig, "import os\nos.fork()\n" + ECHO)
    name = function.sandbox.name
    container = containers()[name]
    function.sandbox.stop()
    assert name not in containers()
    assert not list(rig.folder.glob(f"docker/{name}*"))
    assert name not in Path("/proc/self/mountinfo").read_text()
    assert not [p for p in Path("/sys/fs/cgroup").glob(f"*/docker/{container}")]


def test_two_layers_leave_no_mount_behind(rig: Rig) -> None:
    layers = (rig.code({"a": "1"}), rig.code({"b": "2"}))
    function = rig.start(
        "import os\ndef handler(e, c): return sorted(os.listdir('/opt'))\n", layers=layers
    )
    assert function.result() == ["a", "b"]
    function.sandbox.stop()
    assert "overlay" not in [
        line.split(" - ")[1].split()[0]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if str(rig.folder) in line
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
import django
django.setup()
from runner.sandboxes.docker import DockerBackend
folder = sys.argv[1]
backend = DockerBackend(run_dir=Path(folder), label=folder)
print(backend.prepare(backend.interpreters()[0]).name, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_new_life_removes_the_frozen_sandbox_of_one_that_was_killed(
    docker_rig: Rig, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "console.settings"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    name = run.stdout.strip()
    assert name in containers()
    backend = DockerBackend(run_dir=tmp_path, label=str(tmp_path))
    try:
        mine = backend.prepare(backend.interpreters()[0])
        assert backend.sweep() >= 1
        assert name not in containers()
        assert mine.alive()
        mine.stop()
        assert backend.sweep() == 0
    finally:
        backend.close()
    assert list((tmp_path / "docker").iterdir()) == []


def test_an_engine_that_is_not_there_is_a_problem_with_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    backend = DockerBackend(run_dir=tmp_path, label="none")
    assert "apt-get install docker.io" in backend.problem()
    assert backend.interpreters() == ()
    backend.close()


def test_images_that_are_not_built_are_a_problem_that_says_so(tmp_path: Path) -> None:
    needs.require("docker", "root")
    backend = DockerBackend(run_dir=tmp_path, label="other", base_image="virga.invalid/none:1")
    assert "not built yet" in backend.problem()
    backend.close()


def test_images_once_built_are_not_built_again(docker_rig: Rig) -> None:
    client = docker.from_env()
    try:
        before = [client.images.get(image.tag()).id for image in IMAGES.values()]
        assert images.ensure().state is ImagesState.READY
        assert images.status().percent == 100
        assert [client.images.get(image.tag()).id for image in IMAGES.values()] == before
    finally:
        client.close()
