"""The table of backends: what a name in the settings means."""

from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings

from runner.sandboxes.base import Backend
from runner.sandboxes.bubblewrap import BubblewrapBackend
from runner.sandboxes.docker import DockerBackend


def _docker() -> Backend:
    return DockerBackend(
        run_dir=Path(settings.RUN_DIR),
        label=f"{settings.VIRGA_HOME}@{settings.NODE}",
        base_image=settings.DOCKER_BASE_IMAGE,
    )


def _bubblewrap() -> Backend:
    return BubblewrapBackend(Path(settings.RUN_DIR))


BACKENDS: dict[str, Callable[[], Backend]] = {
    "docker": _docker,
    "bubblewrap": _bubblewrap,
}


def chosen(names: Sequence[str]) -> list[Backend]:
    """The backends of those names, in their order."""
    return [BACKENDS[name]() for name in names if name in BACKENDS]
