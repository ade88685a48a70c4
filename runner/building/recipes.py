"""How each language's package manager is called, and what its failure means in words."""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.building import bubble, configuration, wheels
from runner.building.bubble import INSIDE, Command, Ending, Job
from runner.code import MAX_FILES, MAX_TREE_BYTES
from runner.errors import RunnerError
from runner.runtimes import Interpreter
from runner.sandboxes.volumes import Volumes

DISK_MB = 1_024
TIMEOUT_S = 600.0
PROXY = "http://127.0.0.1:3128"
WORK = f"{INSIDE}/work"
NO_EGRESS = (
    "Installing packages needs the network, and this installation has it switched off. Ask an "
    "administrator to set VIRGA_BUILD_EGRESS=1, or upload the function as a zip that already "
    "holds its packages."
)


@dataclass(frozen=True, slots=True)
class Request:
    """What to install; `hosts` are allowed beside the configured ones.

    `interpreter` is one of this machine that runs the package manager,
    `version` that of the one which will use what is installed.
    """

    interpreter: Interpreter
    version: str
    manifests: Mapping[str, str]
    hosts: tuple[str, ...]
    run_dir: Path


class BuildFailed(Exception):
    """The packages can't be installed; the message is for whoever wrote the manifest."""


def build(
    request: Request,
    *,
    into: Path,
    output: Callable[[bytes], None],
    timeout_s: float = TIMEOUT_S,
    disk_mb: int = DISK_MB,
) -> int:
    """Install into the folder `into`, which must not exist; how many bytes it holds.

    Raises BuildFailed when the packages are at fault, RunnerError when we are.
    """
    if text := bubble.problem():
        raise RunnerError(text)
    if request.interpreter.language == "python" and configuration.of_pip().secret:
        output(wheels.WHY.encode())
        if text := wheels.problem(request.manifests.get("requirements.txt", "")):
            raise BuildFailed(text)
    volumes = Volumes(request.run_dir)
    volume = volumes.take(disk_mb)
    try:
        for name in ("in", "out", "tmp", "home"):
            (volume.path / name).mkdir()
        for name, text in request.manifests.items():
            (volume.path / "in" / name).write_text(text)
        job = RECIPES[request.interpreter.language](request, volume.path, timeout_s)
        said: list[str] = []
        ending = bubble.run(job, lambda piece: _hear(said, piece, output))
        if ending.code or ending.timed_out:
            raise BuildFailed(_reason("".join(said), ending, volume.path, timeout_s))
        return _take_out(volume.path / "out", into)
    finally:
        volumes.remove(volume)
        volumes.close()


def _hear(said: list[str], piece: bytes, output: Callable[[bytes], None]) -> None:
    said.append(piece.decode("utf-8", "replace"))
    del said[:-64]
    output(piece)


def _python(request: Request, work: Path, timeout_s: float) -> Job:
    pip = configuration.of_pip()
    python = request.interpreter.path
    target = f"{WORK}/out/python"
    install = [python, f"{INSIDE}/pip/pip", "install", "--target", target, "--no-compile"]
    install += ["--no-cache-dir", "--no-input", "--progress-bar", "off"]
    install += ["--no-warn-script-location", "--root-user-action", "ignore"]
    install += ["--requirement", f"{WORK}/in/requirements.txt"]
    install += _for_another(request)
    install += wheels.ONLY if pip.secret else ()
    # Byte code that is not checked against a time: the same packages are the same bytes.
    compile_ = [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    environment = _environment(pip, work) | {
        "PIP_PROXY": PROXY,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    commands = [Command(tuple(install), WORK)]
    if not _for_another(request):
        commands.append(Command((*compile_, target), WORK, may_fail=True))
    return Job(
        label=request.run_dir.name,
        commands=tuple(commands),
        environment=environment,
        work=work,
        visible=_visible(pip, request.interpreter),
        places={pip.tool: f"{INSIDE}/pip/pip", **bubble.launcher_places()},
        hosts=pip.hosts | _listed(request.hosts),
        timeout_s=timeout_s,
    )


def _for_another(request: Request) -> list[str]:
    """For a version of Python that this machine has not, pip takes what is built already."""
    wanted = ".".join(request.version.split(".")[:2])
    if request.interpreter.version.split(".")[:2] == wanted.split("."):
        return []
    return ["--python-version", wanted, "--implementation", "cp", *wheels.ONLY]


def _node(request: Request, work: Path, timeout_s: float) -> Job:
    npm = configuration.of_npm()
    for name in request.manifests:
        shutil.copy(work / "in" / name, work / "out" / name)
    verb = "ci" if "package-lock.json" in request.manifests else "install"
    install = [request.interpreter.path, f"{INSIDE}/npm/bin/npm-cli.js", verb, "--ignore-scripts"]
    install += ["--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier"]
    install += ["--no-package-lock"] if verb == "install" else []
    install += ["--fetch-retries=1", f"--cache={WORK}/home/npm", "--loglevel=http"]
    environment = _environment(npm, work) | {"npm_config_https_proxy": PROXY}
    environment |= {"npm_config_proxy": PROXY, "npm_config_noproxy": ""}
    return Job(
        label=request.run_dir.name,
        commands=(Command(tuple(install), f"{WORK}/out"),),
        environment=environment,
        work=work,
        visible=_visible(npm, request.interpreter),
        places={npm.tool: f"{INSIDE}/npm", **bubble.launcher_places()},
        hosts=npm.hosts | _listed(request.hosts),
        timeout_s=timeout_s,
    )


RECIPES: dict[str, Callable[[Request, Path, float], Job]] = {"python": _python, "node": _node}


def _environment(tool: configuration.Configuration, work: Path) -> dict[str, str]:
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": f"{WORK}/home",
        "TMPDIR": f"{WORK}/home",
        "LANG": "C.UTF-8",
        "HTTPS_PROXY": PROXY,
        "https_proxy": PROXY,
        "NO_COLOR": "1",
        **tool.environment,
    }
    for name, path in tool.copied.items():
        copy = work / "in" / name
        shutil.copyfile(path, copy)
        environment[name] = f"{WORK}/in/{name}"
    return environment


def _visible(tool: configuration.Configuration, interpreter: Interpreter) -> tuple[Path, ...]:
    home = (Path(interpreter.home),) if interpreter.home else ()
    return (*tool.visible, *home)


def _listed(hosts: Collection[str]) -> frozenset[str]:
    return frozenset(host.lower() if ":" in host else f"{host.lower()}:443" for host in hosts)


# -- what came of it


def _take_out(out: Path, into: Path) -> int:
    """Copy what was installed off the build's disk, readable for all and writable for none."""
    for name in ("package.json", "package-lock.json"):
        (out / name).unlink(missing_ok=True)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".build-") as temporary:
        new = Path(temporary) / "tree"
        size = _copy(out, new)
        new.rename(into)
    return size


def _copy(source: Path, target: Path) -> int:
    size = files = 0
    for folder, names, plain in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(mode=0o755)
        for name in (*names, *plain):
            path = Path(folder) / name
            if path.is_symlink():
                (here / name).symlink_to(os.readlink(path))
            elif path.is_file():
                files += 1
                size += path.stat().st_size
                if files > MAX_FILES or size > MAX_TREE_BYTES:
                    raise BuildFailed(
                        "The packages are over 250 MB or 50,000 files: more than a function may "
                        "hold. Ask for fewer, or for smaller ones."
                    )
                shutil.copyfile(path, here / name)
                (here / name).chmod(0o555 if path.stat().st_mode & 0o100 else 0o444)
    return size


def _reason(said: str, ending: Ending, work: Path, timeout_s: float) -> str:
    """The failure in a sentence: a limit, a host that is not allowed, or the tool's own words."""
    if ending.timed_out:
        return f"Installing took longer than {timeout_s:.0f} seconds and was ended."
    if "No space left on device" in said or _is_full(work):
        return f"Installing needs more than the {DISK_MB:,} MB of disk that a build may use."
    if ending.refused:
        names = ", ".join(ending.refused[:3])
        return (
            f"The build tried to reach {names}, which it may not: only package registries are "
            "open to builds. An administrator can add a host to VIRGA_BUILD_HOSTS."
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(("ERROR:", "npm error", "npm ERR!"))]
    return (_telling(marked) or (lines[-1] if lines else f"exit code {ending.code}"))[:500]


def _telling(lines: list[str]) -> str:
    """Of pip's the last, of npm's the first that has more than a code."""
    if lines and lines[0].startswith("npm"):
        rest = [line for line in lines if " code " not in line and "A complete log" not in line]
        return (rest or lines)[0]
    return lines[-1] if lines else ""


def _is_full(work: Path) -> bool:
    left = os.statvfs(work)
    return left.f_bavail * left.f_frsize < 65_536
