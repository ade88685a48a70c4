"""A Docker backend with its images, and the other side of the Runtime API in a few lines."""

import json
import queue
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner import images
from runner.images import ImagesState
from runner.sandboxes.base import Sandbox
from runner.sandboxes.docker import DockerBackend
from tests import needs

HEADERS = (
    "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: r-1\r\n"
    "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:1:function:f\r\n"
)


@contextmanager
def docker_backend(folder: Path) -> Iterator[DockerBackend]:
    """A backend of its own label; builds the images when this machine has none yet."""
    needs.require("docker", "root")
    status = images.ensure()
    if status.state is not ImagesState.READY:
        pytest.fail(f"the images could not be built: {status.step}")
    backend = DockerBackend(run_dir=folder, label=str(folder))
    try:
        yield backend
    finally:
        backend.sweep()
        backend.close()


def environment() -> Mapping[str, str]:
    """What the runner would give a function."""
    return {
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "_HANDLER": "app.handler",
        "LAMBDA_TASK_ROOT": "/var/task",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "s",
        "AWS_REGION": "us-east-1",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
    }


class Runtime:
    """Gives a sandbox's runtime events and takes its answers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._events: queue.Queue[bytes] = queue.Queue()
        self._answers: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, event: object = None) -> None:
        self._events.put(json.dumps(event).encode())

    def call(self, event: object = None, *, timeout_s: float = 30) -> object:
        self.send(event)
        path, body = self._answers.get(timeout=timeout_s)
        assert path.endswith("/response"), body.decode()
        return json.loads(body)

    def await_end(self, timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while self.sandbox.alive():
            assert time.monotonic() < deadline, "the sandbox still runs"
            time.sleep(0.01)

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.sandbox.listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as file:
                while first := file.readline():
                    self._answer(connection, first.decode().split()[1], file)
        except (OSError, ValueError):
            return

    def _answer(self, connection: socket.socket, path: str, file) -> None:  # type: ignore[no-untyped-def]
        length = 0
        while line := file.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = file.read(length)
        if path.endswith("/next"):
            event = self._events.get()
            deadline = int((time.time() + 60) * 1000)
            head = (
                f"HTTP/1.1 200 OK\r\n{HEADERS}Lambda-Runtime-Deadline-Ms: {deadline}\r\n"
                f"Content-Length: {len(event)}\r\n\r\n"
            )
            connection.sendall(head.encode() + event)
            return
        self._answers.put((path, body))
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
