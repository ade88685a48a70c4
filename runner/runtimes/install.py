"""Runtime directories: what a sandbox of one interpreter has as /var/runtime.

Each holds our bootstrap and the official runtime interface client, and is
named by its content: a changed bootstrap or pin is another directory, and a
finished one is never touched again. It is made aside and renamed into place.
Where the official client can't be had (no wheel for that Python, no
network), the directory is named "-own" and our own client serves.
"""

import hashlib
import os
import platform
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from django.conf import settings

from runner.errors import RunnerError
from runner.runtimes import Interpreter, clients, pins
from runner.runtimes.discover import discover
from runner.runtimes.table import version_of

BOOTSTRAPS = Path(__file__).resolve().parent / "bootstraps"
INSIDE = "/var/runtime"
"""Where sandboxes mount a runtime directory, read-only."""
RETRY_S = 3_600.0
"""How long a failed installation of the official client is left alone."""

_PROGRAMS = {"python": "bootstrap.py", "node": "bootstrap.cjs"}
_lock = threading.Lock()

Log = Callable[[str], object]


def install(home: Path, log: Log, interpreters: Iterable[Interpreter] | None = None) -> None:
    """Make the directory of every interpreter of this machine (or of those given).

    `log` gets a sentence about each one made. Returns at once when all are there.
    """
    for interpreter in discover() if interpreters is None else interpreters:
        _ensure(home, interpreter, log)


def runtime_dir(interpreter: Interpreter, home: Path | None = None) -> Path:
    """The directory to mount at /var/runtime, made now if it is not there yet."""
    return _ensure(home or Path(settings.VIRGA_HOME), interpreter, lambda line: None)


def command(
    interpreter: Interpreter, start_environment: Mapping[str, str] | None = None
) -> list[str]:
    """How the bootstrap is started inside a sandbox.

    Python runs isolated, so that nothing of its surroundings is imported,
    unless the function has set PYTHON* variables, which must then count.
    """
    program = f"{INSIDE}/{_PROGRAMS[interpreter.language]}"
    if interpreter.language == "node":
        return [interpreter.path, program]
    has_own = any(name.startswith("PYTHON") for name in start_environment or ())
    return [interpreter.path, *(["-s"] if has_own else ["-I"]), "-S", program]


def _ensure(home: Path, interpreter: Interpreter, log: Log) -> Path:
    official = home / "runtimes" / _name(interpreter)
    if official.is_dir():
        return official
    own = official.with_name(f"{official.name}-own")
    if own.is_dir() and not _worth_trying(own, interpreter):
        return own
    with _lock:
        if official.is_dir():
            return official
        return _make(official, own, interpreter, log)


def _make(official: Path, own: Path, interpreter: Interpreter, log: Log) -> Path:
    official.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    work = official.with_name(f".{official.name}.{secrets.token_hex(4)}")
    label = f"{interpreter.language} {interpreter.version}"
    try:
        shutil.copytree(BOOTSTRAPS / interpreter.language, work, ignore=_without_caches)
        goal = official
        if not clients.available(interpreter):
            goal = own
        else:
            try:
                clients.add(interpreter, work)
            except RunnerError as error:
                log(f"{label}: {error.message} Our own runtime client serves. {error.detail}")
                goal = own
        clients.compile_all(interpreter, work)
        _make_readable(work)
        _put(work, goal)
        log(f"{label}: runtime directory ready ({goal.name}).")
        return goal
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _put(work: Path, goal: Path) -> None:
    """Rename into place; another process may have been faster, which is as good."""
    try:
        work.rename(goal)
    except OSError:
        if not goal.is_dir():
            raise
        os.utime(goal)  # tried again just now


def _worth_trying(own: Path, interpreter: Interpreter) -> bool:
    return clients.available(interpreter) and time.time() - own.stat().st_mtime > RETRY_S


def _name(interpreter: Interpreter) -> str:
    """Language, the part of the version that binary compatibility hangs on, and a content hash."""
    version = ".".join(str(part) for part in version_of(interpreter)[:2])
    if interpreter.language == "node":
        version = ""  # the client is JavaScript: one directory serves every Node
    total = hashlib.sha256(platform.machine().encode())
    total.update(repr((pins.PYTHON_CLIENT, pins.NODE_CLIENTS)).encode())
    for path in sorted((BOOTSTRAPS / interpreter.language).iterdir()):
        if path.is_file():
            total.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{interpreter.language}{version}-{total.hexdigest()[:12]}"


def _without_caches(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]


def _make_readable(root: Path) -> None:
    """Whoever runs inside is another user: files are read, folders entered, nothing written."""
    root.chmod(0o755)
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
