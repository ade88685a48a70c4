"""What a test needs of the machine. Absent, the test skips and says why; under
VIRGA_TEST_STRICT=1 (continuous integration) it fails instead."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
STRICT = os.environ.get("VIRGA_TEST_STRICT") == "1"


def missing(reason: str) -> NoReturn:
    """Skip with the reason, or fail with it where nothing may skip."""
    if STRICT:
        pytest.fail(f"not on this machine, and nothing may skip: {reason}", pytrace=False)
    pytest.skip(reason)


@cache
def _docker() -> str:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=20)
        client.ping()
        client.close()
    except DockerException as error:
        return f"no Docker engine answers ({error.__class__.__name__}): apt-get install docker.io"
    return ""


@cache
def _bubblewrap() -> str:
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed: apt-get install bubblewrap"
    run = subprocess.run(
        ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"], capture_output=True, text=True
    )
    return "" if run.returncode == 0 else f"bubblewrap can't make namespaces: {run.stderr.strip()}"


@cache
def _chromium() -> str:
    if not Path("/usr/bin/chromium").exists():
        return "Chromium is not installed: apt-get install chromium"
    if not (ROOT / "static" / "dist" / "manifest.json").exists():
        return "the front end is not built: make build"
    return ""


@cache
def _node() -> str:
    return "" if shutil.which("node") else "no Node.js on PATH"


@cache
def _root() -> str:
    return "" if os.geteuid() == 0 else "needs root"


PROBES: dict[str, Callable[[], str]] = {
    "docker": _docker,
    "bubblewrap": _bubblewrap,
    "chromium": _chromium,
    "node": _node,
    "root": _root,
}


def require(*names: str) -> None:
    """Skip (or fail, when strict) unless the machine has every named thing."""
    for name in names:
        if problem := PROBES[name]():
            missing(problem)


def shared_cases() -> Path:
    """The folder of real sample events and applications; a user's clone has none and skips."""
    cases = SHARED / "cases"
    if not cases.is_dir():
        pytest.skip("the sample cases are not beside this checkout")
    return cases
