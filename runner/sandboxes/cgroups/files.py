"""The files and folders through which the kernel is spoken to."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from runner.errors import SandboxFailed

PATIENCE_S = 5.0
NOT_SET = "The sandbox's limits could not be set."


def make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxFailed(NOT_SET, detail=str(error)) from error


def open_procs(folder: Path) -> int:
    try:
        return os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SandboxFailed(NOT_SET, detail=str(error)) from error


def write(file: Path, value: str) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value.encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SandboxFailed(NOT_SET, detail=f"{value!r} to {file}: {error}") from error


def read(file: Path) -> str:
    """A file of the kernel's, whole; nothing when the group is gone."""
    try:
        # A call reads half a dozen of these: without a text layer it costs a third less.
        with file.open("rb", buffering=0) as opened:
            return opened.read().decode()
    except OSError:
        return ""


def field(file: Path, name: str) -> int:
    fields = dict(line.split() for line in read(file).splitlines())
    return int(fields.get(name, 0))


def processes(folder: Path) -> list[int]:
    return [int(line) for line in read(folder / "cgroup.procs").split()]


def folders(parent: Path) -> list[Path]:
    return [entry for entry in parent.iterdir() if entry.is_dir()] if parent.is_dir() else []


def kill(processes: Iterable[int]) -> None:
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def empty(kill: Callable[[], None], processes: Callable[[], list[int]]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while processes():
        if time.monotonic() > deadline:
            raise SandboxFailed(
                "The sandbox's processes could not be ended.", detail=str(processes())
            )
        kill()
        time.sleep(0.001)


def remove(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while folder.is_dir():
        try:
            folder.rmdir()
        except OSError as error:  # busy for a moment after its last process
            if time.monotonic() > deadline:
                raise SandboxFailed(
                    "The sandbox's limits could not be removed.", detail=str(error)
                ) from error
            time.sleep(0.001)


def remove_empty(folder: Path) -> None:
    """Remove a group that has neither groups nor processes; leave any other."""
    with suppress(OSError):
        folder.rmdir()


def wait_until(done: Callable[[], bool], failure: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            raise SandboxFailed(failure)
        time.sleep(0.0002)
