"""Sandboxes as containers of a Docker engine on this machine.

The engine makes the container (namespaces, seccomp, no capabilities, no
network, a read-only root); what has to be fast goes round it, straight to the
kernel: code is mounted into the container's namespace, limits and freezing
are files of its control group, the Runtime API's listener is made in its
network namespace, input and output are named pipes. That needs root beside
the engine, which `problem` says.
"""

import os
import secrets
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import docker
import requests
from docker.errors import DockerException

from runner.errors import SandboxFailed
from runner.runtimes import Interpreter, install
from runner.runtimes.images import IMAGES, VERSION_LABEL, Image
from runner.sandboxes import cgroups, docker_container, namespaces
from runner.sandboxes.base import Sandbox
from runner.sandboxes.docker_container import INSTALLATION_LABEL, KIND_LABEL, ContainerRequest
from runner.sandboxes.docker_pipes import Pipes
from runner.sandboxes.docker_sandbox import DockerSandbox, Parts
from runner.sandboxes.oom import OomWatch
from runner.sandboxes.processes import Process, await_quiet, first_child
from runner.sandboxes.safety import Safe

ENGINE_ERRORS = (DockerException, requests.RequestException, OSError)
ENGINE_TIMEOUT_S = 60
READY_TIMEOUT_S = 20.0
LOOK_AGAIN_S = 2.0
LISTENER_PORT = 9001
FIRST_USER = 0x20000000
"""Above the ids that distributions hand to users and to their subordinate ranges."""
USERS = 0x10000000

INSTALL = (
    "Docker does not answer. Install and start it (sudo apt-get install docker.io && "
    "sudo service docker start), or let bubblewrap serve."
)
NEEDS_ROOT = (
    "The Docker backend works beside the engine as root: start Virga with sudo, or let "
    "bubblewrap serve (it needs no root)."
)
NO_IMAGES = "Docker's images are not built yet: their progress is on the home page."


class _NoInit(Exception):
    """The engine was packaged without its minimal init: the runtime is process 1 itself then."""


class DockerBackend:
    """The engine that DOCKER_HOST or the default socket leads to.

    `label` names the installation and node: what carries it and is not this
    process's own is a leftover.
    """

    name = "docker"

    def __init__(self, *, run_dir: Path, label: str, base_image: str = "") -> None:
        self.folder = run_dir / "docker"
        self._layers = run_dir / "layers"
        self._label = label
        self._base_image = base_image
        self._lock = threading.Lock()
        self._engine: docker.DockerClient | None = None
        self._has_init = True
        self._looked_at = 0.0
        self._found: dict[str, Interpreter] = {}
        self._watch = OomWatch()
        self._live: set[str] = set()

    # -- what can be used

    def problem(self) -> str:
        """As `Backend.problem`."""
        if os.geteuid() != 0:
            return NEEDS_ROOT
        try:
            self._client().ping()
        except (SandboxFailed, *ENGINE_ERRORS):
            return INSTALL
        return "" if self.interpreters() else NO_IMAGES

    def interpreters(self) -> tuple[Interpreter, ...]:
        """As `Backend.interpreters`: those whose image is built."""
        missing = [image for name, image in IMAGES.items() if name not in self._found]
        if missing and time.monotonic() - self._looked_at > LOOK_AGAIN_S:
            self._looked_at = time.monotonic()
            for image in missing:
                self._look_for(image)
        return tuple(self._found[name] for name in IMAGES if name in self._found)

    def _look_for(self, image: Image) -> None:
        try:
            found = self._client().images.get(image.tag(self._base_image))
        except (SandboxFailed, *ENGINE_ERRORS):
            return
        version = found.labels.get(VERSION_LABEL, "")
        self._found[image.language] = Interpreter(image.language, version, image.path)

    def _client(self) -> docker.DockerClient:
        with self._lock:
            if self._engine is None:
                try:
                    engine = docker_container.connect(timeout_s=ENGINE_TIMEOUT_S)
                except ENGINE_ERRORS as error:
                    raise SandboxFailed(INSTALL, detail=str(error)) from error
                self._engine = engine
            return self._engine

    # -- making one

    def prepare(
        self, interpreter: Interpreter, *, start_environment: Mapping[str, str] | None = None
    ) -> Sandbox:
        """As `Backend.prepare`."""
        image = IMAGES.get(interpreter.language)
        if image is None or interpreter not in self.interpreters():
            raise SandboxFailed(f"No Docker image has {interpreter.language} yet.")
        environment = dict(start_environment or {})
        try:
            return self._make(image, interpreter, environment)
        except _NoInit:
            self._has_init = False
            return self._make(image, interpreter, environment)

    def _make(
        self, image: Image, interpreter: Interpreter, environment: Mapping[str, str]
    ) -> Sandbox:
        client = self._client()
        name = f"virga-{secrets.token_hex(8)}"
        user = FIRST_USER + secrets.randbelow(USERS)
        try:
            with ExitStack() as undo:
                self._live.add(name)
                undo.callback(self._live.discard, name)
                pipes = Pipes(self.folder / name, user)
                undo.callback(pipes.close)
                request = ContainerRequest(
                    image=image.tag(self._base_image),
                    label=self._label,
                    user=user,
                    runtime=install.runtime_dir(interpreter),
                    folder=pipes.folder,
                    command=tuple(install.command(interpreter, environment)),
                    environment=environment,
                    init=self._has_init,
                )
                container_id = docker_container.create(client, name, request)
                undo.callback(docker_container.remove, client, container_id)
                sandbox = DockerSandbox(self._start(undo, client, name, container_id, pipes, user))
                sandbox.freeze()
                undo.pop_all()
                return Safe(sandbox)
        except ENGINE_ERRORS as error:
            if self._has_init and "docker-init" in str(error):
                raise _NoInit from error
            raise SandboxFailed("The container could not be started.", detail=str(error)) from error

    def _start(
        self,
        undo: ExitStack,
        client: docker.DockerClient,
        name: str,
        container_id: str,
        pipes: Pipes,
        user: int,
    ) -> Parts:
        client.api.start(container_id)
        pid = int(client.api.inspect_container(container_id)["State"]["Pid"])
        if not pid or not Path(f"/proc/{pid}/cgroup").exists():
            raise SandboxFailed(
                "The container's processes are not visible: run Virga on the engine's host, in "
                "its pid namespace.",
                detail=pipes.drain(),
            )
        process = Process(pid)
        undo.callback(process.close)
        group = cgroups.of_process(pid)
        if not pipes.await_open(READY_TIMEOUT_S):
            raise SandboxFailed("The runtime did not start.", detail=pipes.drain())
        runtime = first_child(pid)
        listener = namespaces.listen_in(pid, LISTENER_PORT)
        undo.callback(listener.close)
        if not await_quiet(runtime, READY_TIMEOUT_S) or not process.running():
            raise SandboxFailed("The runtime did not become ready.", detail=pipes.drain())
        return Parts(
            name=name,
            container_id=container_id,
            client=client,
            process=process,
            runtime=runtime,
            group=group,
            pipes=pipes,
            listener=listener,
            user=user,
            layers=self._layers,
            watch=self._watch,
            forget=self._live.discard,
        )

    # -- leftovers

    def sweep(self) -> int:
        """As `Backend.sweep`."""
        removed = 0
        try:
            client = self._client()
            wanted = {"label": [f"{INSTALLATION_LABEL}={self._label}", KIND_LABEL]}
            for found in client.api.containers(all=True, filters=wanted):
                names = {name.lstrip("/") for name in found["Names"]}
                if not names & self._live:
                    docker_container.thaw(client, found["Id"])
                    docker_container.remove(client, found["Id"])
                    removed += 1
        except (SandboxFailed, *ENGINE_ERRORS):
            return removed
        for folder in self.folder.glob("virga-*"):
            if folder.name not in self._live:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def close(self) -> None:
        """As `Backend.close`."""
        self._watch.close()
        with self._lock:
            engine, self._engine = self._engine, None
        if engine:
            engine.close()
