"""A tool to compare with: how it is installed, started, and told apart from one that is absent."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """How a peer is started on a folder with the function's file, and where it is called."""

    name: str
    language: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    port: int
    path: str
    isolation: str
    edit_command: list[str]
    sees_edits: str
    sweep: Callable[[], None] = lambda: None


class NotHere(Exception):
    """The machine can't install or run this peer; the message says why."""


@contextmanager
def cache() -> Iterator[Path]:
    """Where tools are installed: the folder of the setting, or one that goes away."""
    if chosen := os.environ.get("VIRGA_BENCH_CACHE"):
        place = Path(chosen).resolve()
        place.mkdir(parents=True, exist_ok=True)
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="virga-bench-peers-") as folder:
        yield Path(folder)


def run(command: list[str], *, longest_s: int = 600, cwd: Path | None = None) -> str:
    """Run an installer; what it printed. Raises NotHere with its last line."""
    if not shutil.which(command[0]):
        raise NotHere(f"{command[0]} is not on this machine")
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=longest_s)
    except subprocess.TimeoutExpired as error:
        raise NotHere(f"{Path(command[0]).name} took over {longest_s} s") from error
    if done.returncode:
        last = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NotHere(f"{Path(command[0]).name}: {last[-1][:200] if last else 'failed'}")
    return done.stdout


def clean_environment(home: Path) -> dict[str, str]:
    """Nobody's credentials, nobody's telemetry, a home of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VIRGA_", "DJANGO_"))}
    return {
        **kept,
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAM_CLI_TELEMETRY": "0",
        "SLS_TELEMETRY_DISABLED": "1",
        "SLS_NOTIFICATIONS_MODE": "off",
    }
