"""The table of backends: what a name in the settings means."""

from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings

from runner.sandboxes.base import Backend
from runner.sandboxes.docker import DockerBackend


def _docker() -> Backend:
    return DockerBackend(
        run_dir=Path(settings.RUN_DIR),
        label=str(settings.VIRGA_HOME),
        base_image=settings.DOCKER_BASE_IMAGE,
    )


BACKENDS: dict[str, Callable[[], Backend]] = {
    "docker": _docker,
}


def unknown(names: Sequence[str]) -> list[str]:
    """Those names that no backend has."""
    return [name for name in names if name not in BACKENDS]


def chosen(names: Sequence[str]) -> list[Backend]:
    """The backends of those names, in their order."""
    return [BACKENDS[name]() for name in names if name in BACKENDS]
