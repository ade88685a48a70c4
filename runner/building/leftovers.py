"""Each build's own folder, and the removal of what a killed worker left in its own."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.building.bubble import GROUPS
from runner.sandboxes import cgroups
from runner.sandboxes.volumes import Volumes


@contextmanager
def own_folder(root: Path) -> Iterator[Path]:
    """A folder for one build, gone at its end with all it had; first sweeps those of the dead."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in root.iterdir():
        if not _lives(left.name):
            remove(left)
    mine = root / f"{os.getpid()}-{secrets.token_hex(4)}"
    mine.mkdir(mode=0o700)
    try:
        yield mine
    finally:
        remove(mine)


def remove(folder: Path) -> None:
    """Unmount, end and delete what belongs to one build."""
    Volumes(folder).sweep()
    hierarchy = cgroups.detect(GROUPS)
    if hierarchy is not None:
        hierarchy.create(folder.name).remove()
    shutil.rmtree(folder, ignore_errors=True)


def _lives(name: str) -> bool:
    process = name.partition("-")[0]
    return process.isdigit() and Path(f"/proc/{process}").exists()
