"""The one way out of a build, spoken to as pip and npm do."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from runner.building.proxy import Proxy

ALLOWED = "registry.invalid"


class Echo:
    """A server that sends back what it gets; stands in for a registry."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                while piece := connection.recv(65536):
                    connection.sendall(piece)


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.listener.close()


Ask = Callable[[bytes], tuple[bytes, socket.socket]]


@pytest.fixture
def refused() -> list[str]:
    return []


@pytest.fixture
def ask(echo: Echo, refused: list[str]) -> Iterator[Ask]:
    """Sends a request head through the proxy; the status line and the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    allowed = [f"localhost:{echo.port}", ALLOWED, "closed.localhost:1"]
    proxy = Proxy(listener, allowed, refused.append)
    opened = []

    def ask_(head: bytes) -> tuple[bytes, socket.socket]:
        connection = socket.create_connection(address, 5)
        opened.append(connection)
        connection.sendall(head)
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := connection.recv(1)):
            answer += piece
        return answer.partition(b"\r\n")[0], connection

    yield ask_
    for connection in opened:
        connection.close()
    proxy.close()
    proxy.close()


def connect(target: str) -> bytes:
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


def test_a_host_on_the_list_is_reached_both_ways(ask: Ask, echo: Echo, refused: list[str]) -> None:
    status, connection = ask(connect(f"LocalHost.:{echo.port}"))
    assert status == b"HTTP/1.1 200 Connection established"
    connection.sendall(b"x" * 100_000)
    received = b""
    while len(received) < 100_000:
        received += connection.recv(65536)
    assert refused == []


@pytest.mark.parametrize(
    "target",
    [
        "example.com:443",
        "169.254.169.254:80",
        "127.0.0.1:6379",
        "[::1]:443",
        "registry.invalid.example.com:443",
        "registry.invalid:22",
        "sub.registry.invalid:443",
    ],
)
def test_anything_else_is_refused_and_named(ask: Ask, refused: list[str], target: str) -> None:
    status, _ = ask(connect(target))
    assert status.startswith(b"HTTP/1.1 403")
    assert refused == [target]


@pytest.mark.parametrize(
    "head",
    [
        b"GET http://example.com/ HTTP/1.1\r\n\r\n",
        b"CONNECT nothing HTTP/1.1\r\n\r\n",
        b"CONNECT :443 HTTP/1.1\r\n\r\n",
        b"CONNECT registry.invalid:\xb2 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"A" * 20_000,
    ],
)
def test_what_is_not_connect_is_refused(ask: Ask, refused: list[str], head: bytes) -> None:
    status, _ = ask(head)
    assert status.startswith(b"HTTP/1.1 403")
    assert len(refused) == 1


def test_a_registry_that_does_not_answer_is_a_gateway_error(ask: Ask) -> None:
    assert ask(connect("closed.localhost:1"))[0].startswith(b"HTTP/1.1 502")


def test_closing_ends_the_connections_that_are_open(echo: Echo) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(listener, [f"localhost:{echo.port}"], lambda host: None)
    with socket.create_connection(listener.getsockname(), 5) as connection:
        connection.sendall(connect(f"localhost:{echo.port}"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        begun = time.monotonic()
        proxy.close()
        assert connection.recv(1) == b""
        assert time.monotonic() - begun < 5
