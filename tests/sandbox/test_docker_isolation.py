"""Real containers: what a prepared one is, what it may do, and what ends it.

The contract that every backend keeps is tested in tests/contracts; here is
what is Docker's own, and the attacks that its limits are for.
"""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from runner.runtimes import Interpreter
from runner.sandboxes.base import Assignment, Sandbox
from runner.sandboxes.docker import DockerBackend
from runner.sandboxes.volumes import Volumes
from runner.spec import Limit
from tests.sandbox.docker_runtime import Runtime, docker_backend, environment

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerBackend]:
    with docker_backend(tmp_path_factory.mktemp("docker")) as made:
        yield made


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volumes]:
    made = Volumes(tmp_path_factory.mktemp("volumes"))
    yield made
    made.close()


Start = Callable[..., Runtime]


@pytest.fixture
def start(backend: DockerBackend, volumes: Volumes, tmp_path: Path) -> Iterator[Start]:
    """Starts a Python function of the given source, prepared and assigned."""
    started: list[Runtime] = []

    def start_(source: str, *, memory_mb: int = 256, tmp_mb: int = 64) -> Runtime:
        folder = tmp_path / f"code{len(started)}"
        folder.mkdir()
        (folder / "app.py").write_text(textwrap.dedent(source))
        sandbox = backend.prepare(interpreter(backend, "python"))
        runtime = Runtime(sandbox)
        started.append(runtime)
        volume = volumes.take(tmp_mb)
        sandbox.assign(
            Assignment(
                code=folder,
                handler="app.handler",
                environment=environment(),
                memory_mb=memory_mb,
                tmp=volume.path,
            )
        )
        return runtime

    yield start_
    for runtime in started:
        runtime.sandbox.stop()
        runtime.close()


def interpreter(backend: DockerBackend, language: str) -> Interpreter:
    return next(i for i in backend.interpreters() if i.language == language)


def test_a_python_function_runs_as_nobody_with_no_privilege(start: Start) -> None:
    runtime = start(
        """
        import os
        def handler(event, context):
            status = dict(l.split(":", 1) for l in open("/proc/self/status").read().splitlines())
            return {k: status[k].strip() for k in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")} | {
                "uid": os.getuid(), "groups": os.getgroups()}
        """
    )
    answer = runtime.call()
    assert answer["uid"] >= 0x20000000
    assert answer["groups"] in ([], [answer["uid"]])
    assert int(answer["CapEff"], 16) == int(answer["CapBnd"], 16) == 0
    assert (answer["NoNewPrivs"], answer["Seccomp"]) == ("1", "2")


def test_two_sandboxes_are_two_users(start: Start) -> None:
    source = "import os\ndef handler(e, c): return os.getuid()\n"
    assert start(source).call() != start(source).call()


def test_only_tmp_can_be_written(start: Start) -> None:
    answer = start(
        """
        PLACES = ("/var/task/a", "/var/task/app.py", "/opt/a", "/var/dependencies/a", "/a",
                  "/var/runtime/a", "/var/io/a", "/etc/passwd", "/usr/a", "/dev/a",
                  "/proc/sys/kernel/core_pattern", "/sys/fs/cgroup/memory/a", "/tmp/a")
        def handler(event, context):
            written = []
            for place in PLACES:
                try:
                    open(place, "w").close()
                    written.append(place)
                except OSError:
                    pass
            return written
        """
    ).call()
    assert answer == ["/tmp/a"]


def test_there_is_no_network_but_the_runtime_api(start: Start) -> None:
    answer = start(
        """
        import socket
        def reach(address):
            try:
                with socket.create_connection(address, 0.5):
                    return True
            except OSError:
                return False
        def handler(event, context):
            return {
                "interfaces": [name for _, name in socket.if_nameindex()],
                "reached": [a for a in [("169.254.169.254", 80), ("172.17.0.1", 2375),
                            ("127.0.0.1", 8000), ("127.0.0.1", 5432)] if reach(a)],
                "api": reach(("127.0.0.1", 9001)),
            }
        """
    ).call()
    assert answer["api"]
    assert answer["reached"] == []
    assert "lo" in answer["interfaces"]
    assert not any(name.startswith(("eth", "veth", "docker")) for name in answer["interfaces"])


def test_neither_the_host_nor_the_engine_can_be_seen(start: Start) -> None:
    answer = start(
        """
        import os
        def handler(event, context):
            return {
                "sockets": [p for p in ("/var/run/docker.sock", "/run/docker.sock") if
                            os.path.exists(p)],
                "processes": sum(name.isdigit() for name in os.listdir("/proc")),
                "home": os.path.exists("/root/.ssh") or bool(os.environ.get("VIRGA_HOME")),
                "first": open("/proc/1/environ").read() if os.access("/proc/1/environ", 4) else "",
            }
        """
    ).call()
    assert answer["sockets"] == []
    assert answer["processes"] <= 2
    assert not answer["home"]
    assert "VIRGA" not in answer["first"]


def test_namespaces_and_mounts_are_refused(start: Start) -> None:
    answer = start(
        """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def handler(event, context):
            return [libc.unshare(0x10000000), libc.mount(b"x", b"/tmp", b"tmpfs", 0, None)]
        """
    ).call()
    assert answer == [-1, -1]


def test_memory_over_the_limit_ends_the_whole_sandbox(start: Start) -> None:
    runtime = start(
        """
        def handler(event, context):
            held = []
            while True:
                held.append(bytearray(1 << 20))
        """,
        memory_mb=128,
    )
    runtime.send()
    runtime.await_end()
    usage = runtime.sandbox.usage()
    assert (usage.exit_code, usage.limit, usage.peak_mb) == (-9, Limit.MEMORY, 128)


def test_memory_taken_by_a_child_ends_the_whole_sandbox(start: Start) -> None:
    runtime = start(
        """
        import subprocess, sys, time
        EAT = "held=[]\\nwhile True: held.append(bytearray(1<<20))"
        def handler(event, context):
            subprocess.run([sys.executable, "-S", "-c", EAT])
            time.sleep(60)
        """,
        memory_mb=128,
    )
    runtime.send()
    runtime.await_end()
    assert runtime.sandbox.usage().limit is Limit.MEMORY


def test_a_fork_bomb_meets_the_process_limit_and_dies_with_its_sandbox(start: Start) -> None:
    runtime = start(
        """
        import os, time
        def handler(event, context):
            count = 0
            while True:
                try:
                    if os.fork() == 0:
                        time.sleep(300)
                        os._exit(0)
                    count += 1
                except OSError:
                    return count
        """,
        memory_mb=2048,
    )
    assert 900 < runtime.call(timeout_s=60) < 1024
    assert runtime.sandbox.usage().limit is Limit.PROCESSES
    begun = time.monotonic()
    runtime.sandbox.stop()
    assert time.monotonic() - begun < 10


def test_tmp_is_full_at_its_size_and_costs_no_memory(start: Start) -> None:
    runtime = start(
        """
        def handler(event, context):
            written = 0
            try:
                with open("/tmp/fill", "wb") as file:
                    while True:
                        written += file.write(b"x" * (1 << 20))
                        file.flush()
            except OSError as error:
                return [written >> 20, error.errno]
        """,
        memory_mb=512,
        tmp_mb=64,
    )
    written, number = runtime.call(timeout_s=60)
    assert 50 <= written <= 64
    assert number == 28
    usage = runtime.sandbox.usage()
    assert usage.limit is Limit.TMP
    assert usage.peak_mb < 60


def test_shared_memory_is_small(start: Start) -> None:
    answer = start(
        """
        def handler(event, context):
            try:
                open("/dev/shm/fill", "wb").write(b"x" * (64 << 20))
            except OSError as error:
                return error.errno
        """
    ).call()
    assert answer == 28


def test_the_peak_is_that_of_all_processes_and_begins_anew_with_each_thaw(start: Start) -> None:
    runtime = start(
        """
        import subprocess, sys
        def handler(event, context):
            code = "import time; x = bytearray(60 << 20); x[::4096] = b'1' * len(x[::4096]);"
            if event == "eat":
                child = subprocess.Popen([sys.executable, "-S", "-c", code + "print(1, flush=True);"
                    "time.sleep(60)"], stdout=subprocess.PIPE)
                child.stdout.readline()
                return "eaten"
            subprocess.run(["true"])
            return "rested"
        """,
        memory_mb=512,
    )
    runtime.call("rest")
    assert runtime.sandbox.usage().peak_mb < 60
    runtime.call("eat")
    assert runtime.sandbox.usage().peak_mb > 80


def test_a_frozen_sandbox_does_not_run_and_a_thawed_one_goes_on(start: Start) -> None:
    runtime = start(
        """
        import threading, time
        ticks = [0]
        def tick():
            while True:
                ticks[0] += 1
                time.sleep(0.005)
        threading.Thread(target=tick, daemon=True).start()
        def handler(event, context):
            return ticks[0]
        """,
        memory_mb=1769,
    )
    before = runtime.call()
    runtime.sandbox.freeze()
    time.sleep(0.5)
    runtime.sandbox.thaw()
    assert runtime.call() - before < 50


def test_an_exit_is_told_with_its_code(start: Start) -> None:
    runtime = start("import os\ndef handler(e, c): os._exit(7)\n")
    runtime.send()
    runtime.await_end()
    assert runtime.sandbox.usage().exit_code == 7


def test_a_signal_that_a_function_sends_itself_ends_it(start: Start) -> None:
    runtime = start("import os\ndef handler(e, c): os.kill(os.getpid(), 9)\n")
    runtime.send()
    runtime.await_end()
    assert runtime.sandbox.usage().exit_code == -9


def test_stop_with_grace_lets_a_handler_of_sigterm_finish(start: Start) -> None:
    runtime = start(
        """
        import signal, sys, time
        def bye(*_):
            print("bye", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, bye)
        def handler(event, context):
            return 1
        """
    )
    runtime.call()
    output = os.dup(runtime.sandbox.output)
    runtime.sandbox.stop(grace=2.0)
    with os.fdopen(output, "rb") as file:
        assert b"bye" in file.read()


def test_a_stopped_sandbox_leaves_no_container_mount_folder_or_group(
    start: Start, backend: DockerBackend
) -> None:
    runtime = start("import os\nos.fork()\ndef handler(e, c): return 1\n")
    runtime.send()
    name = runtime.sandbox.name
    client = docker.from_env()
    try:
        container = client.containers.get(name).id
        runtime.sandbox.stop()
        runtime.sandbox.stop()
        assert name not in [c.name for c in client.containers.list(all=True)]
    finally:
        client.close()
    assert not list(backend.folder.glob(f"{name}*"))
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{container}"))
    assert name not in Path("/proc/self/mountinfo").read_text()
    assert not runtime.sandbox.alive()


def test_a_volume_goes_back_as_it_came_and_serves_a_successor(
    backend: DockerBackend, volumes: Volumes, tmp_path: Path
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text(
        "import os\ndef handler(e, c):\n"
        "    old = open('/tmp/kept').read() if os.path.exists('/tmp/kept') else ''\n"
        "    open('/tmp/kept', 'w').write('kept')\n    return old\n"
    )
    volume = volumes.take(64)
    owner = os.stat(volume.path).st_uid
    answers = []
    for _ in range(2):
        sandbox = backend.prepare(interpreter(backend, "python"))
        runtime = Runtime(sandbox)
        sandbox.assign(Assignment(code, "app.handler", environment(), 256, volume.path))
        answers.append(runtime.call())
        sandbox.stop()
        runtime.close()
        assert os.stat(volume.path).st_uid == owner
    assert answers == ["", "kept"]


def test_a_node_function_runs_as_nobody(
    backend: DockerBackend, volumes: Volumes, tmp_path: Path
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "index.mjs").write_text(
        "import os from 'node:os';\n"
        "export const handler = async () => [os.userInfo().username, process.versions.node];\n"
    )
    node = interpreter(backend, "node")
    sandbox = backend.prepare(node)
    runtime = Runtime(sandbox)
    try:
        volume = volumes.take(64)
        variables = {**environment(), "_HANDLER": "index.handler"}
        sandbox.assign(Assignment(code, "index.handler", variables, 1769, volume.path))
        assert runtime.call() == ["sbx_user1051", node.version]
    finally:
        sandbox.stop()
        runtime.close()


def test_later_layers_cover_earlier_ones(
    backend: DockerBackend, volumes: Volumes, tmp_path: Path
) -> None:
    code, one, two = tmp_path / "code", tmp_path / "one", tmp_path / "two"
    for folder, text in ((one, "one"), (two, "two")):
        folder.mkdir()
        (folder / "same").write_text(text)
        (folder / text).write_text(text)
    code.mkdir()
    (code / "app.py").write_text(
        "import os\ndef handler(e, c):\n"
        "    return [open('/opt/same').read(), sorted(os.listdir('/opt'))]\n"
    )
    sandbox = backend.prepare(interpreter(backend, "python"))
    runtime = Runtime(sandbox)
    try:
        tmp = volumes.take(64).path
        sandbox.assign(Assignment(code, "app.handler", environment(), 256, tmp, layers=(one, two)))
        assert runtime.call() == ["two", ["one", "same", "two"]]
    finally:
        sandbox.stop()
        runtime.close()


def test_variables_that_an_interpreter_reads_at_its_start_are_there_in_time(
    backend: DockerBackend,
) -> None:
    sandbox = backend.prepare(
        interpreter(backend, "python"), start_environment={"PYTHONHASHSEED": "7"}
    )
    try:
        client = docker.from_env()
        try:
            config = client.containers.get(sandbox.name).attrs["Config"]
        finally:
            client.close()
        assert "PYTHONHASHSEED=7" in config["Env"]
        assert "-I" not in config["Cmd"]
    finally:
        sandbox.stop()


def test_a_new_life_removes_what_the_old_one_left(tmp_path: Path) -> None:
    """The old one is killed with a frozen sandbox; no process of it can be killed frozen."""
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        from pathlib import Path
        import django; django.setup()
        from runner.sandboxes.docker import DockerBackend
        backend = DockerBackend(run_dir=Path({str(tmp_path)!r}), label={str(tmp_path)!r})
        print(backend.prepare(backend.interpreters()[0]).name, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    with docker_backend(tmp_path) as backend:
        run = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "console.settings"},
            capture_output=True,
            text=True,
        )
        name = run.stdout.strip()
        assert name, run.stderr
        mine = backend.prepare(interpreter(backend, "python"))
        try:
            assert backend.sweep() >= 1
            assert backend.sweep() == 0
            assert mine.alive()
        finally:
            mine.stop()
        assert not list((tmp_path / "docker").glob("virga-*"))


def test_a_prepared_sandbox_ends_by_itself_when_nobody_holds_its_input(
    backend: DockerBackend,
) -> None:
    sandbox: Sandbox = backend.prepare(interpreter(backend, "python"))
    try:
        sandbox.thaw()
        parts = sandbox._inner._parts  # type: ignore[attr-defined]
        os.close(parts.pipes._input)
        parts.pipes._input = -1
        assert parts.process.wait(5)
    finally:
        sandbox.stop()
