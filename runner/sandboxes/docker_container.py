"""What is asked of the engine: one container, its removal, its end."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound

from runner.errors import SandboxFailed
from runner.sandboxes import cgroups, docker_seccomp
from runner.sandboxes.cgroups.group import PROCESSES

INSTALLATION_LABEL = "virga.installation"
KIND_LABEL = "virga.kind=sandbox"
DEFAULT_HOST = "unix:///var/run/docker.sock"
OPEN_FILES = 1_024
SHARED_MEMORY = 16 << 20
END_TIMEOUT_S = 5.0
PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
INSIDE = "/var/io"
START = 'exec <"$0/in" >"$0/out" 2>&1 && echo && exec "$@"'
"""Connects the named pipes, says so with an empty line, and becomes the runtime."""


def connect(*, timeout_s: int) -> docker.DockerClient:
    """The engine of DOCKER_HOST, or of this machine. Raises DockerException when none answers."""
    host = os.environ.get("DOCKER_HOST", DEFAULT_HOST)
    if host.startswith("unix://") and not Path(host.removeprefix("unix://")).exists():
        raise DockerException(f"there is no {host}")
    return docker.from_env(version="auto", timeout=timeout_s, max_pool_size=64)


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """One prepared sandbox, in our words."""

    image: str
    label: str
    user: int
    runtime: Path
    folder: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    init: bool


def create(client: docker.DockerClient, name: str, request: ContainerRequest) -> str:
    """Make the container; its id."""
    environment = {"PATH": PATH, "HOME": "/tmp", "LANG": "C.UTF-8"} | dict(request.environment)  # noqa: S108
    config: dict[str, Any] = {
        "Image": request.image,
        "Hostname": "sandbox",
        "User": f"{request.user}:{request.user}",
        "WorkingDir": "/",
        "Env": [f"{key}={value}" for key, value in environment.items()],
        "Entrypoint": ["/bin/sh", "-c", START, INSIDE],
        "Cmd": list(request.command),
        "Labels": {INSTALLATION_LABEL: request.label, **dict([KIND_LABEL.split("=", 1)])},
        "NetworkDisabled": True,
        "HostConfig": _isolation(request),
    }
    return str(client.api.create_container_from_config(config, name)["Id"])


def _isolation(request: ContainerRequest) -> dict[str, Any]:
    return {
        "NetworkMode": "none",
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true", f"seccomp={docker_seccomp.profile()}"],
        "PidsLimit": PROCESSES,
        "ShmSize": SHARED_MEMORY,
        "OomScoreAdj": 500,
        "Init": request.init,
        "LogConfig": {"Type": "none"},
        "Ulimits": [
            {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "Mounts": [
            _bind(request.folder, INSIDE),
            _bind(request.runtime, "/var/runtime"),
            _bind(request.folder / "passwd", "/etc/passwd"),
            _bind(request.folder / "group", "/etc/group"),
        ],
    }


def _bind(source: Path, target: str) -> dict[str, object]:
    return {
        "Type": "bind",
        "Source": str(source),
        "Target": target,
        "ReadOnly": True,
        "BindOptions": {"Propagation": "rprivate"},
    }


@dataclass(frozen=True, slots=True)
class End:
    """How a container ended: its exit code (negative for a signal) and whether for memory."""

    exit_code: int
    out_of_memory: bool


def end_of(client: docker.DockerClient, container_id: str) -> End:
    """How it ended; waits a moment for the engine to notice."""
    deadline = time.monotonic() + END_TIMEOUT_S
    while True:
        state = client.api.inspect_container(container_id)["State"]
        if not state["Running"] or time.monotonic() > deadline:
            code = int(state["ExitCode"])
            # An engine says 128 + n for signal n, as shells do.
            return End(128 - code if 128 < code < 128 + 65 else code, bool(state["OOMKilled"]))
        time.sleep(0.005)


def remove(client: docker.DockerClient, container_id: str) -> None:
    """Kill and remove it with all it has; fine when it is gone. Raises SandboxFailed."""
    deadline = time.monotonic() + END_TIMEOUT_S
    while True:
        try:
            client.api.remove_container(container_id, v=True, force=True)
            return
        except NotFound:
            return
        except APIError as error:
            # "removal is already in progress" or a device still busy: it goes on by itself.
            if time.monotonic() > deadline:
                raise SandboxFailed(
                    "The container could not be removed.", detail=str(error)
                ) from error
            time.sleep(0.05)
        except (DockerException, OSError) as error:
            raise SandboxFailed(
                "The engine does not answer: a container was left, and is removed by the next "
                "sweep.",
                detail=str(error),
            ) from error


def thaw(client: docker.DockerClient, container_id: str) -> None:
    """Let a frozen leftover run, since a frozen process can't be killed (version 1)."""
    with suppress(NotFound, SandboxFailed):
        pid = int(client.api.inspect_container(container_id)["State"]["Pid"])
        if pid:
            cgroups.of_process(pid).thaw()
