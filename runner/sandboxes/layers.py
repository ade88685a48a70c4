"""Layers: several directories seen as one /opt, the later over the earlier."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from runner.errors import SandboxFailed


def merged(layers: Sequence[Path], folder: Path) -> Path:
    """One directory with the files of all, of hard links, made once for the same layers.

    A single layer is used as it is. Raises SandboxFailed.
    """
    if len(layers) == 1:
        return layers[0]
    name = hashlib.sha256("\0".join(str(layer) for layer in layers).encode()).hexdigest()
    place = folder / name
    if place.is_dir():
        return place
    work = folder / f".{name}.{secrets.token_hex(4)}"
    try:
        for layer in layers:
            _lay(layer, work)
        try:
            work.rename(place)
        except OSError:
            if not place.is_dir():  # else another was faster, which is as good
                raise
        return place
    except OSError as error:
        raise SandboxFailed("The layers could not be put together.", detail=str(error)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _lay(layer: Path, over: Path) -> None:
    for current, folders, files in os.walk(layer):
        below = over / Path(current).relative_to(layer)
        below.mkdir(mode=0o755, parents=True, exist_ok=True)
        links = [name for name in folders if os.path.islink(os.path.join(current, name))]
        for name in [*files, *links]:
            target = below / name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            target.unlink(missing_ok=True)
            os.link(os.path.join(current, name), target, follow_symlinks=False)
