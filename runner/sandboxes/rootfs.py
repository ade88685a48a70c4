"""The files a bubblewrap sandbox sees, as arguments of bwrap.

The host's /usr (or a directory's, by setting), a handful of files in /etc,
five devices, empty places for what each function brings, and nothing else of
the host. Everything is read-only; each sandbox mounts its own /proc and
/dev/shm over these.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.runtimes import Interpreter
from runner.sandboxes.base import GROUP_ID, USER_ID
from runner.sandboxes.nest import launcher

NEST = Path(launcher.__file__).parent
LAUNCHER_PYTHON = f"{launcher.HERE}/python"
PROGRAM = (
    f"import sys; sys.path.insert(0, {launcher.HERE!r}); from nest.launcher import main; main()"
)
ETC = {
    "passwd": f"root:x:0:0:root:/root:/bin/false\nsandbox:x:{USER_ID}:{GROUP_ID}::/tmp:/bin/sh\n",
    "group": f"root:x:0:\nsandbox:x:{GROUP_ID}:\n",
    "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "resolv.conf": "nameserver 127.0.0.1\n",
}
HOST_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl", "pki", "alternatives", "mime.types")
DEVICES = ("null", "zero", "full", "random", "urandom")
STREAMS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
EMPTY = ("/tmp", "/var/task", "/var/dependencies", "/opt", "/dev/shm", "/root", "/run")  # noqa: S108
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True, slots=True)
class Nest:
    """What one nest is made of: the arguments of bwrap, and what each sandbox hides of it."""

    arguments: tuple[str, ...]
    hidden: tuple[str, ...]


def nest(
    interpreter: Interpreter, *, runtime: Path, rootfs: Path | None, etc: Path, zygote: bool
) -> Nest:
    """The nest of an interpreter. A zygote's launcher runs in the interpreter itself."""
    root = os.geteuid() == 0
    # As process 1 of the nest the launcher takes everything along, however it ends.
    arguments = ["--as-pid-1", "--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts"]
    if not root:
        arguments += ["--unshare-user", "--uid", "0", "--gid", "0"]
    arguments += ["--cap-add", "ALL", *_system(rootfs or Path("/")), *_etc(rootfs, etc)]
    arguments += _devices()
    for place in EMPTY:
        arguments += ["--dir", place]
    arguments += ["--symlink", "/var/dependencies/node_modules", "/var/node_modules"]
    arguments += ["--ro-bind", str(runtime), "/var/runtime"]
    if interpreter.home and not Path(interpreter.home).is_relative_to("/usr"):
        # Folders that bwrap makes on the way to a bind are closed to others: made one by one.
        for parent in reversed(Path(interpreter.home).parents[:-1]):
            arguments += ["--dir", str(parent)]
        arguments += ["--ro-bind", interpreter.home, interpreter.home]
    arguments += ["--ro-bind", str(NEST), f"{launcher.HERE}/nest"]
    hidden = [f"{launcher.HERE}/nest"]
    python = interpreter.path
    environment: dict[str, str] = {}
    if not zygote:
        python, environment = _launcher_python(arguments, hidden, rootfs)
    if not root:
        arguments += ["--bind", "/", launcher.HOST]
        hidden.append(launcher.HOST)
    arguments += ["--proc", "/proc", "--remount-ro", "/", "--chdir", "/", "--clearenv"]
    for name, value in {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment}.items():
        arguments += ["--setenv", name, value]
    return Nest((*arguments, "--", python, "-I", "-S", "-c", PROGRAM), tuple(hidden))


def _system(top: Path) -> list[str]:
    arguments = ["--ro-bind", str(top / "usr"), "/usr"]
    for name in MERGED:
        place = top / name
        if place.is_symlink():
            arguments += ["--symlink", f"usr/{name}", f"/{name}"]
        elif place.is_dir():
            arguments += ["--ro-bind", str(place), f"/{name}"]
    return arguments


def _etc(rootfs: Path | None, etc: Path) -> list[str]:
    arguments = ["--dir", "/etc"]
    for name in ETC:
        arguments += ["--ro-bind", str(etc / name), f"/etc/{name}"]
    for name in HOST_ETC:
        place = (rootfs or Path("/")) / "etc" / name
        if place.exists():
            arguments += ["--ro-bind", str(place), f"/etc/{name}"]
    return arguments


def write_etc(etc: Path) -> None:
    """The files of /etc that are ours, in a folder of the installation."""
    etc.mkdir(parents=True, exist_ok=True)
    for name, content in ETC.items():
        (etc / name).write_text(content)
        (etc / name).chmod(0o644)


def _devices() -> list[str]:
    arguments = ["--dir", "/dev"]
    for name in DEVICES:
        arguments += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, end in STREAMS.items():
        arguments += ["--symlink", f"/proc/self/fd{end}", f"/dev/{name}"]
    return arguments


def _launcher_python(
    arguments: list[str], hidden: list[str], rootfs: Path | None
) -> tuple[str, dict[str, str]]:
    """The Python that runs the launcher: this one, moved out of the sandboxes' sight."""
    prefix = Path(sys.base_prefix)
    if rootfs is None and prefix == Path("/usr"):
        return str(Path(sys.executable).resolve()), {}
    arguments += ["--ro-bind", str(prefix), LAUNCHER_PYTHON]
    hidden.append(LAUNCHER_PYTHON)
    binary = Path(os.path.realpath(sys.executable)).relative_to(prefix.resolve())
    return f"{LAUNCHER_PYTHON}/{binary}", {"LD_LIBRARY_PATH": f"{LAUNCHER_PYTHON}/lib"}


def bwrap() -> str:
    """Where bubblewrap is; "" when it is not installed."""
    return shutil.which("bwrap") or ""


def command(nest_: Nest, *, label: str, channel: int) -> Sequence[str]:
    """The whole command of a nest. `label` marks the process for a later sweep."""
    return [bwrap(), *nest_.arguments, str(channel), label]
