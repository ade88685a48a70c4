"""A client of the Runtime API that sends what it likes."""

import json
import socket
import time
from collections.abc import Callable

import pytest

from runner.runtime_api.server import RuntimeApiServer

ROOT = "/2018-06-01/runtime"
NEXT = f"GET {ROOT}/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n".encode()


class Client:
    """Speaks bytes to one session's port."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.buffer = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def post(self, path: str, body: bytes = b"", *headers: str) -> None:
        lines = [f"POST {ROOT}/{path} HTTP/1.1", f"Content-Length: {len(body)}", *headers, "", ""]
        self.send("\r\n".join(lines).encode() + body)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(first.split(" ")[1]), headers, body

    def closed(self) -> bool:
        """Whether the server closes the connection soon."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("closed")
        self.buffer += piece


class Opened:
    """A session with its port and clients."""

    def __init__(self, server: RuntimeApiServer) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.session = server.open(listener)
        listener.close()
        self.clients: list[Client] = []

    def client(self) -> Client:
        made = Client(self.port)
        self.clients.append(made)
        return made

    def ready(self) -> Client:
        """A runtime that waits in next."""
        client = self.client()
        client.send(NEXT)
        assert self.session.initialised.result(10) is None
        return client

    def close(self) -> None:
        self.session.close()
        for client in self.clients:
            client.socket.close()


def error_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["errorType"]


def wait_for(condition: Callable[[], bool]) -> None:
    """Poll for up to 5 s."""
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen within 5 s")
