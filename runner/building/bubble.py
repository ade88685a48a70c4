"""One build in bubblewrap: nobody's process, the host's /usr, and one folder to write to."""

import array
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from runner.building import launcher
from runner.building.proxy import Proxy
from runner.errors import SandboxFailed
from runner.sandboxes import cgroups, rootfs, seccomp

INSIDE = "/build"
GROUPS = "builds"
"""The folder of control groups that holds one for each build, of any installation."""
MEMORY_MB = 2_048
PROCESSES = 512
LARGEST_FILE = 1 << 30
USERS = range(1_400_000_000, 1_500_000_000)
PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Command:
    """One step. `may_fail`: its exit code does not end the build."""

    arguments: tuple[str, ...]
    folder: str
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What to run, with what in sight.

    `work` is a folder of this node, seen as /build/work; `label` names the
    build's control group.
    """

    label: str

    commands: tuple[Command, ...]
    environment: Mapping[str, str]
    work: Path
    visible: tuple[Path, ...]
    places: Mapping[Path, str]
    hosts: frozenset[str]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Ending:
    """How a build ended: its exit code, whether its time was up, and who it was not let to."""

    code: int
    timed_out: bool
    refused: tuple[str, ...]


def problem() -> str:
    """Why nothing can be built here; "" when it can."""
    if not rootfs.bwrap():
        return (
            "Dependencies are installed in a bubblewrap sandbox. Install it with: "
            "sudo apt-get install bubblewrap"
        )
    return ""


def run(job: Job, output: Callable[[bytes], None]) -> Ending:
    """Run a job to its end; `output` gets what it prints. Raises SandboxFailed when it can't."""
    refused: dict[str, None] = {}
    with ExitStack() as stack:
        user = USERS.start + secrets.randbelow(len(USERS)) if os.geteuid() == 0 else None
        if user is not None:
            _give(job.work, user)
        groups = _group(stack, job.label)
        outside, inside = socket.socketpair()
        stack.callback(outside.close)
        read, write = os.pipe()
        stack.callback(os.close, read)
        process = _start(job, user=user, groups=groups, channel=inside, output=write)
        stack.callback(_end, process)
        timer = threading.Timer(job.timeout_s, process.kill)
        timer.start()
        stack.callback(timer.cancel)
        listener = _receive(outside)
        if listener is not None:
            proxy = Proxy(listener, job.hosts, lambda host: refused.setdefault(host))
            stack.callback(proxy.close)
        while piece := os.read(read, PIECE):
            output(piece)
        code = process.wait()
        return Ending(code, timed_out=timer.finished.is_set(), refused=tuple(refused))


def _start(
    job: Job, *, user: int | None, groups: list[int], channel: socket.socket, output: int
) -> "subprocess.Popen[bytes]":
    filter_read, filter_write = os.pipe()
    os.write(filter_write, seccomp.program())
    os.close(filter_write)
    order = {
        "groups": groups,
        "channel": channel.fileno(),
        "user": user,
        "limits": {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": LARGEST_FILE},
        "environment": dict(job.environment),
        "commands": [
            {"arguments": c.arguments, "folder": c.folder, "may_fail": c.may_fail}
            for c in job.commands
        ],
    }
    command = [*_bwrap(job, user, filter_read), *_launch(json.dumps(order))]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[filter_read, channel.fileno(), *groups],
            env={},
        )
    except OSError as error:
        raise SandboxFailed("The build sandbox could not be started.", detail=str(error)) from error
    finally:
        for descriptor in (filter_read, output, *groups):
            os.close(descriptor)
        channel.close()


def _bwrap(job: Job, user: int | None, filter_: int) -> list[str]:
    arguments = [rootfs.bwrap(), "--die-with-parent", "--new-session", "--unshare-cgroup-try"]
    arguments += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    if user is None:
        arguments += ["--unshare-user", "--uid", "993", "--gid", "990"]
    else:
        # Root only until the launcher has become the build's own user.
        arguments += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    arguments += ["--seccomp", str(filter_), "--proc", "/proc", "--dev", "/dev"]
    targets = [f"{INSIDE}/work", *map(str, job.visible), *job.places.values()]
    for folder in _parents(targets):
        arguments += ["--dir", folder]
    for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        place = Path("/") / name
        if place.is_symlink():
            arguments += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            arguments += ["--ro-bind", str(place), str(place)]
    for name in ("ld.so.cache", "ssl", "pki", "alternatives", "ca-certificates"):
        arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    arguments += ["--size", "65536", "--tmpfs", "/dev/shm"]  # noqa: S108
    arguments += ["--bind", str(job.work), f"{INSIDE}/work"]
    arguments += ["--bind", str(job.work / "tmp"), "/tmp"]  # noqa: S108
    for path in job.visible:
        if not path.is_relative_to("/usr"):
            arguments += ["--ro-bind", str(path), str(path)]
    for path, inside in job.places.items():
        arguments += ["--ro-bind", str(path), inside]
    return [*arguments, "--chdir", f"{INSIDE}/work", "--"]


def _parents(targets: Iterable[str]) -> list[str]:
    """Folders to make first: those that bubblewrap makes by itself only root may enter."""
    found = {str(parent) for target in targets for parent in Path(target).parents}
    return sorted(found - {"/", "/usr"})


def _launch(order: str) -> list[str]:
    return [
        os.path.realpath(sys.executable),
        "-I",
        "-S",
        f"{INSIDE}/launcher.py",
        order,
    ]


def launcher_places() -> dict[Path, str]:
    """What the launcher itself needs in sight: this Python, and its own file."""
    found = {Path(launcher.__file__): f"{INSIDE}/launcher.py"}
    prefix = Path(sys.base_prefix)
    if not prefix.is_relative_to("/usr"):
        found[prefix] = str(prefix)
    return found


def _group(stack: ExitStack, label: str) -> list[int]:
    """Descriptors of the limits to join; none where this process may set none."""
    hierarchy = cgroups.detect(GROUPS)
    if hierarchy is None:
        return []
    group = hierarchy.create(label)
    stack.callback(group.remove)
    group.limit_processes(PROCESSES)
    group.limit(MEMORY_MB)
    return group.join_descriptors()


def _give(work: Path, user: int) -> None:
    for folder, names, files in os.walk(work):
        for name in (*names, *files):
            os.chown(Path(folder) / name, user, user, follow_symlinks=False)
    os.chown(work, user, user)


def _receive(channel: socket.socket) -> socket.socket | None:
    """The proxy's listener; None when the sandbox ended before it made one."""
    channel.settimeout(20)
    with suppress(TimeoutError, OSError):
        _, handles, _, _ = channel.recvmsg(4, socket.CMSG_SPACE(4))
        if handles:
            found = array.array("i")
            found.frombytes(handles[0][2][:4])
            listener = socket.socket(fileno=found[0])
            listener.settimeout(None)
            return listener
    return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
