"""Fetches the official runtime interface clients, at pinned versions, into a folder.

They are data here: nothing of them runs while they are installed. pip takes
only wheels; npm only fetches the archive, which is checked and unpacked.
"""

import base64
import compileall
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from runner.errors import RunnerError
from runner.runtimes import Interpreter, pins
from runner.runtimes.discover import discover
from runner.runtimes.table import version_of

_OLDEST_WHEEL = (3, 10)
_TIMEOUT_S = 180.0
_ADDON_PACKAGE = '{"type": "commonjs", "main": "index.js"}\n'


def available(interpreter: Interpreter) -> bool:
    """Whether an official client exists for it at all."""
    return interpreter.language == "node" or version_of(interpreter)[:2] >= _OLDEST_WHEEL


def add(interpreter: Interpreter, folder: Path) -> None:
    """Put the official client beside our bootstrap. Raises RunnerError with what failed."""
    if interpreter.language == "python":
        _add_python(interpreter, folder)
    else:
        for package in pins.NODE_CLIENTS:
            _add_node(package, folder)


def compile_all(interpreter: Interpreter, folder: Path) -> None:
    """Write byte code, since nothing can be written from inside.

    Done by an interpreter of the same version: this process if it is one,
    else one found on the machine. Without one each start compiles again.
    """
    if interpreter.language != "python":
        return
    wanted = version_of(interpreter)[:2]
    if wanted == sys.version_info[:2]:
        compileall.compile_dir(folder, quiet=2, stripdir=str(folder), prependdir="/var/runtime")
        return
    for found in discover():
        if found.language == "python" and version_of(found)[:2] == wanted:
            command = [found.path, "-I", "-m", "compileall", "-q"]
            command += ["-s", str(folder), "-p", "/var/runtime", str(folder)]
            _run(command, "Byte code could not be written.")
            return


def _add_python(interpreter: Interpreter, folder: Path) -> None:
    version = ".".join(str(part) for part in version_of(interpreter)[:2])
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-compile"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += ["--retries", "1", "--timeout", "15", "--python-version", version]
    command += ["--target", str(folder), *pins.PYTHON_CLIENT]
    _run(command, "awslambdaric could not be installed.")


def _add_node(package: pins.NodePackage, folder: Path) -> None:
    name = f"{package.name}@{package.version}"
    with tempfile.TemporaryDirectory() as scratch:
        command = [*_npm(), "pack", "--silent", "--ignore-scripts", "--fetch-retries=1"]
        command += ["--pack-destination", scratch, name]
        _run(command, f"{name} could not be fetched.")
        archives = list(Path(scratch).glob("*.tgz"))
        if len(archives) != 1:
            raise RunnerError(f"{name} could not be fetched.", detail="npm wrote no archive")
        data = archives[0].read_bytes()
        digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
        if f"sha512-{digest}" != package.integrity:
            raise RunnerError(f"{name} is not the archive that was pinned.", detail=digest)
        _unpack(archives[0], package, folder / package.folder)


def _unpack(archive: Path, package: pins.NodePackage, goal: Path) -> None:
    with tarfile.open(archive) as packed:
        for name in package.files:
            member = packed.extractfile(f"package/{name}")
            if member is None:
                raise RunnerError(f"{package.name}@{package.version} has no {name}.")
            place = goal / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(member.read())
    # The client requires "./rapid-client.node". A folder of that name is found too, so that
    # our client in JavaScript takes the addon's place and no file of theirs is changed.
    addon = goal / package.addon
    addon.mkdir(parents=True)
    up = "/".join([".."] * (len(addon.relative_to(goal.parent).parts)))
    (addon / "package.json").write_text(_ADDON_PACKAGE)
    (addon / "index.js").write_text(f"module.exports = require('{up}/rapid_client.cjs');\n")


def _npm() -> list[str]:
    found = shutil.which("npm")
    if found:
        return [found]
    for interpreter in discover():
        # The wheel's bin/npm does not find its own library; the program behind it runs.
        program = Path(interpreter.path).parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
        if interpreter.language == "node" and program.is_file():
            return [interpreter.path, str(program)]
    raise RunnerError("npm is missing, so the Node.js client could not be fetched.")


def _run(command: list[str], failure: str) -> None:
    # pip refuses --target where PIP_USER or a prefix is configured for people's own use.
    environment = {k: v for k, v in os.environ.items() if k not in ("PIP_USER", "PIP_PREFIX")}
    try:
        subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise RunnerError(failure, detail=error.stderr.strip()[-2000:]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunnerError(failure, detail=str(error)) from error
