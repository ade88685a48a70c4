"""Runs one measuring program in a process of its own, bounded in time."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from tests.bench.figures import Figure, heard, noise
from tests.needs import ROOT

LONGEST_S = 300


def measure(
    program: list[str], *, environment: Mapping[str, str] | None = None, longest_s: int = LONGEST_S
) -> list[Figure]:
    """Run `python -m PROGRAM`; what it measured, and a row that says why if it failed.

    Its process group ends with it: a browser or a tool is not left behind.
    """
    name = " ".join(program)
    busy = noise()
    sys.stderr.write(f"measuring: {name} (noise {busy})\n")
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *program],
            cwd=ROOT,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=said,
            start_new_session=True,
        )
        why = _await(process, longest_s)
        told.seek(0)
        said.seek(0)
        rows = heard(told.read().decode(errors="replace"))
        lines = said.read().decode(errors="replace").strip().splitlines()
    if why:
        rows.append(Figure(name, "", "failed", f"{why}: {lines[-1][:200] if lines else ''}"))
        sys.stderr.write("\n".join(lines[-25:]) + "\n")
    return [Figure(f"-- {name.removeprefix('tests.bench.')}", "", f"noise {busy}"), *rows]


def _await(process: "subprocess.Popen[bytes]", longest_s: int) -> str:
    """Wait for its end; why it counts as failed, or ""."""
    try:
        status = process.wait(timeout=longest_s)
        return f"status {status}" if status else ""
    except subprocess.TimeoutExpired:
        return f"over {longest_s} s"
    finally:
        _end_group(process)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)  # lets it clean up
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
