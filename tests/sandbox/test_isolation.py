"""What a function can see of the node and of others, and what it may ask the kernel for."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandboxes import Rig

CONNECT = (
    "import errno, socket\n"
    "def attempt(family, kind, address):\n"
    "    try:\n"
    "        s = socket.socket(getattr(socket, family), getattr(socket, kind))\n"
    "        s.settimeout(1)\n"
    "        s.connect(address if isinstance(address, str) else tuple(address))\n"
    "        return 'connected'\n"
    "    except OSError as error:\n"
    "        return errno.errorcode.get(error.errno, 'timeout')\n"
    "def handler(event, context):\n    return [attempt(*one) for one in event]\n"
)
TRY = (
    "import ctypes, errno, os, socket\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    "def attempt(expression):\n"
    "    try:\n        return eval(expression)\n"
    "    except OSError as error:\n        return errno.errorcode[error.errno]\n"
    "def call(name, *arguments):\n"
    "    ctypes.set_errno(0)\n"
    "    result = getattr(libc, name)(*arguments)\n"
    "    return errno.errorcode[ctypes.get_errno()] if result < 0 else 'done'\n"
    "def handler(event, context):\n    return [attempt(expression) for expression in event]\n"
)


def attempts(rig: Rig, *expressions: str) -> list[Any]:
    """What each expression gives inside a sandbox, or the name of its error."""
    found = rig.start(TRY).result(expressions)
    assert isinstance(found, list)
    return found


@contextlib.contextmanager
def listening_on_the_host(family: int, address: Any) -> Iterator[list[object]]:
    """A server of the node that must never be reached; what reached it."""
    reached: list[object] = []
    with socket.socket(family) as server:
        server.bind(address)
        server.listen()
        server.settimeout(0.2)
        closing = threading.Event()

        def accept() -> None:
            while not closing.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, peer = server.accept()
                    connection.close()
                    reached.append(peer)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield reached
        finally:
            closing.set()
            thread.join()


def test_nothing_of_the_nodes_network_is_reachable(isolating_rig: Rig, tmp_path: Path) -> None:
    place = str(tmp_path / "database.sock")
    abstract = f"\0virga-test-{os.getpid()}"
    with (
        listening_on_the_host(socket.AF_INET, ("127.0.0.1", 0)) as web,
        listening_on_the_host(socket.AF_UNIX, abstract) as hidden,
        listening_on_the_host(socket.AF_UNIX, place) as database,
    ):
        results = isolating_rig.start(CONNECT).result(
            [
                ["AF_INET", "SOCK_STREAM", ["169.254.169.254", 80]],
                ["AF_INET", "SOCK_STREAM", ["169.254.170.2", 80]],
                ["AF_INET6", "SOCK_STREAM", ["fd00:ec2::254", 80]],
                ["AF_INET", "SOCK_STREAM", ["127.0.0.1", 8000]],
                ["AF_INET", "SOCK_STREAM", ["127.0.0.1", 5432]],
                ["AF_INET", "SOCK_STREAM", ["127.0.0.1", 6379]],
                ["AF_INET", "SOCK_STREAM", ["172.17.0.1", 2375]],
                ["AF_INET", "SOCK_DGRAM", ["8.8.8.8", 53]],
                ["AF_UNIX", "SOCK_STREAM", "/var/run/docker.sock"],
                ["AF_UNIX", "SOCK_STREAM", "/run/docker.sock"],
                ["AF_UNIX", "SOCK_STREAM", place],
                ["AF_UNIX", "SOCK_STREAM", abstract],
            ]
        )
    assert "connected" not in results, results
    assert "timeout" not in results, "a refused connection must be told at once"
    assert web == hidden == database == []


def test_a_sandbox_has_loopback_and_no_other_interface(isolating_rig: Rig) -> None:
    assert attempts(isolating_rig, "[name for _, name in socket.if_nameindex()]") in (
        [["lo"]],
        [["lo", "tunl0"]],
    )


def test_another_sandbox_is_out_of_reach(isolating_rig: Rig) -> None:
    victim = isolating_rig.start(
        "import socket, threading\n"
        "server = socket.create_server(('127.0.0.1', 7777))\n"
        "hidden = socket.socket(socket.AF_UNIX)\nhidden.bind('\\0victim')\nhidden.listen()\n"
        "open('/tmp/secret', 'w').write('mine')\n"
        "def handler(event, context):\n    return 1\n"
    )
    victim.result()
    results = isolating_rig.start(CONNECT).result(
        [
            ["AF_INET", "SOCK_STREAM", ["127.0.0.1", 7777]],
            ["AF_UNIX", "SOCK_STREAM", "\0victim"],
        ]
    )
    assert "connected" not in results
    assert attempts(isolating_rig, "os.path.exists('/tmp/secret')") == [False]


def test_only_its_own_processes_are_visible(isolating_rig: Rig) -> None:
    seen, killed = attempts(
        isolating_rig,
        "sorted(int(name) for name in os.listdir('/proc') if name.isdigit())",
        f"os.kill({os.getpid()}, 0)",
    )
    assert set(seen) <= {1, 2, 3, 7, 8, 9} or len(seen) <= 4
    assert max(seen) < 100
    assert killed == "ESRCH"


def test_the_nodes_environment_and_files_are_not_there(isolating_rig: Rig) -> None:
    os.environ["VIRGA_SECRET_OF_THE_HOST"] = "leaked"
    results = attempts(
        isolating_rig,
        "'VIRGA' in open('/proc/self/environ').read()",
        "'VIRGA' in open('/proc/1/environ').read()",
        f"os.path.exists({str(isolating_rig.folder)!r} + '/etc')",
        f"os.path.exists({str(Path(__file__))!r})",
        "os.listdir('/home') if os.path.exists('/home') else []",
        "os.path.exists('/etc/shadow') and open('/etc/shadow').read()",
        "[name for _, _, names in os.walk('/.nest') for name in names]",
    )
    assert results[0] is False
    assert results[1] in (False, "EACCES", "EPERM")
    assert results[2:5] == [False, False, []]
    assert results[5] in (False, "EACCES")
    assert results[6] == []


def test_no_descriptor_is_inherited(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "import os\n"
        "found = {}\n"
        "for fd in os.listdir('/proc/self/fd'):\n"
        "    try:\n        found[fd] = os.readlink('/proc/self/fd/' + fd)\n"
        "    except OSError:\n        pass\n"
        "def handler(event, context):\n    return found\n"
    )
    found = function.result()
    assert found.pop("0") == "/dev/null"
    assert {found.pop("1"), found.pop("2")}
    for target in found.values():
        assert target.startswith(("socket:", "anon_inode:", "/proc/")) or "fd" in target, found


def test_it_is_an_ordinary_user_without_any_privilege(isolating_rig: Rig) -> None:
    status, user, group, groups = attempts(
        isolating_rig,
        "dict(line.split(':\\t', 1) for line in open('/proc/self/status').read().splitlines()"
        " if ':\\t' in line)",
        "os.getuid()",
        "os.getgid()",
        "os.getgroups()",
    )
    assert user != 0
    assert group != 0
    assert groups in ([], [group])
    assert {status[name].strip("0 ") for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {""}
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"


@pytest.mark.parametrize(
    "expression",
    [
        "call('unshare', 0x10000000)",
        "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)",
        "call('ptrace', 0, 0, 0, 0)",
        "call('chroot', b'/tmp')",
        "call('setns', 0, 0)",
        "call('reboot', 0x1234567)",
        "call('sethostname', b'x', 1)",
        "call('personality', -1) and call('syscall', 321, 0, 0, 0)",
        "call('syscall', 250, 0, 0, 0)",
        "call('setuid', 0)",
        "call('setresgid', 0, 0, 0)",
        "open('/proc/sys/kernel/hostname', 'w')",
        "open('/proc/sys/kernel/core_pattern', 'w')",
        "open('/proc/sysrq-trigger', 'w')",
        "open('/proc/1/mem', 'rb').read(1)",
        "open('/proc/kcore', 'rb').read(1)",
        "open('/dev/kmsg')",
        "open('/dev/loop0')",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "socket.socket(40, socket.SOCK_STREAM)",
        "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)",
        "os.setpriority(os.PRIO_PROCESS, 0, -5)",
        "os.nice(-5)",
    ],
)
def test_what_only_an_administrator_may_do_is_refused(isolating_rig: Rig, expression: str) -> None:
    (result,) = attempts(isolating_rig, expression)
    assert result in (
        "EPERM",
        "EACCES",
        "ENOENT",
        "ENOSYS",
        "EROFS",
        "EAFNOSUPPORT",
        "EINVAL",
        "EIO",
    )


def test_siblings_of_a_zygote_draw_different_numbers(isolating_rig: Rig) -> None:
    source = (
        "import random, uuid\n"
        "def handler(event, context):\n    return [random.random(), str(uuid.uuid4())]\n"
    )
    one, other = (isolating_rig.start(source).result() for _ in range(2))
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_core_files_are_off_and_open_files_are_limited(isolating_rig: Rig) -> None:
    core, files = attempts(
        isolating_rig,
        "__import__('resource').getrlimit(__import__('resource').RLIMIT_CORE)",
        "__import__('resource').getrlimit(__import__('resource').RLIMIT_NOFILE)",
    )
    assert core == [0, 0]
    assert files == [1024, 1024]
