"""Building the Docker images, with progress that another process can read.

The definitions are in `runner.runtimes.images`. `ensure` is called at start
and may take minutes; Docker's interpreters appear one by one as images become
ready. Where no registry is reachable mmdebstrap makes the base.
"""

import fcntl
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import docker
import requests
from celery import shared_task
from django.conf import settings
from docker.errors import DockerException

from runner.errors import RunnerError
from runner.image_recipes import build
from runner.runtimes.images import IMAGES, Image
from runner.sandboxes import docker_container

ENGINE_TIMEOUT_S = 600

logger = logging.getLogger(__name__)


class ImagesState(StrEnum):
    """Where the images of this installation stand."""

    ABSENT = "absent"  # no engine, or nobody has begun
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImagesStatus:
    """Progress over all images: `step` says in words what happens or went wrong."""

    state: ImagesState
    percent: int = 0
    step: str = ""


def status() -> ImagesStatus:
    """The last known progress, from any process. Cheap; never raises."""
    try:
        document = json.loads(_place("images.json").read_text())
        found = ImagesStatus(ImagesState(document["state"]), document["percent"], document["step"])
    except (OSError, ValueError, KeyError):
        return ImagesStatus(ImagesState.ABSENT, 0, "Not looked for yet.")
    if found.state is ImagesState.BUILDING and not _is_locked():
        return ImagesStatus(ImagesState.ABSENT, 0, "Interrupted: the next start goes on.")
    return found


def ensure() -> ImagesStatus:
    """Build what is missing, one image after the other, and say how it stands.

    Safe to call from several processes: the second returns at once with the
    progress of the first. Failures are recorded and returned, not raised.
    """
    with _lock() as mine:
        if not mine:
            return status()
        try:
            client = docker_container.connect(timeout_s=ENGINE_TIMEOUT_S)
        except (DockerException, requests.RequestException) as error:
            return _record(ImagesState.ABSENT, 0, f"Docker does not answer: {error}")
        try:
            return _build_missing(client)
        except RunnerError as error:
            logger.warning("Docker images: %s\n%s", error.message, error.detail)
            return _record(ImagesState.FAILED, 0, error.message)
        except (DockerException, requests.RequestException, OSError) as error:
            logger.warning("Docker images", exc_info=True)
            return _record(ImagesState.FAILED, 0, f"The image could not be built: {error}")
        finally:
            client.close()


@shared_task(name="runner.images.ensure_images")
def ensure_images() -> None:
    """`ensure` as work for the queue `worker`: it may take minutes and run twice."""
    ensure()


def _build_missing(client: docker.DockerClient) -> ImagesStatus:
    base = settings.DOCKER_BASE_IMAGE
    missing = [image for image in IMAGES.values() if not _present(client, image.tag(base))]
    for index, image in enumerate(missing):

        def report(percent: int, step: str, index: int = index, image: Image = image) -> None:
            share = (100 * index + percent) // len(missing)
            _record(ImagesState.BUILDING, share, f"{image.language}: {step}")

        report(0, "starting")
        build(client, image, base=base, cache=settings.VIRGA_HOME / "images", report=report)
    return _record(ImagesState.READY, 100, "")


def _present(client: docker.DockerClient, tag: str) -> bool:
    return bool(client.images.list(name=tag))


# -- what other processes see


def _place(name: str) -> Path:
    settings.RUN_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(settings.RUN_DIR) / name


def _record(state: ImagesState, percent: int, step: str) -> ImagesStatus:
    made = ImagesStatus(state, percent, step[:500])
    place = _place("images.json")
    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".images-")
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(made), file)
    os.replace(temporary, place)
    return made


@contextmanager
def _lock() -> Iterator[bool]:
    """Whether this process may build; the kernel frees it when the process dies."""
    with _place("images.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _is_locked() -> bool:
    with _lock() as free:
        return not free
