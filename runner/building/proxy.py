"""The one way out of a build: a CONNECT proxy that knows a list of hosts.

It accepts on a listener that was made inside the build sandbox. What is not
on the list is refused by name, before anything is looked up: a private
address, this machine, a metadata service included. The machine's own proxy
(HTTPS_PROXY) is passed through where there is one.
"""

import base64
import select
import socket
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

HEAD_LIMIT = 16_384
CONNECT_TIMEOUT_S = 20.0
IDLE_S = 120.0
PIECE = 65_536
CONNECTIONS = 64


class Proxy:
    """Serves one build. `allowed` holds "host" (port 443) or "host:port" in lower case.

    `refused` is told each destination that was turned down. `close` ends
    every connection.
    """

    def __init__(
        self,
        listener: socket.socket,
        allowed: Collection[str],
        refused: Callable[[str], None],
    ) -> None:
        self._listener = listener
        self._allowed = {host if ":" in host else f"{host}:443" for host in allowed}
        self._refused = refused
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._thread = threading.Thread(target=self._accept, name="build-proxy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; twice is fine."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._slots.acquire()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, inside: socket.socket) -> None:
        self._hold(inside)
        outside = None
        try:
            inside.settimeout(CONNECT_TIMEOUT_S)
            target, rest = _read_request(inside)
            if target not in self._allowed:
                self._refused(target or "something that is not CONNECT")
                _answer(inside, "403 Forbidden by the build's list of hosts")
                return
            host, _, port = target.rpartition(":")
            try:
                outside = _connect(host, int(port))
            except OSError as error:
                _answer(inside, f"502 {type(error).__name__}")
                return
            self._hold(outside)
            _answer(inside, "200 Connection established")
            outside.sendall(rest)
            _relay(inside, outside)
        except OSError:
            return  # either side went away: nobody is left to be told
        finally:
            self._release(inside)
            if outside is not None:
                self._release(outside)
            self._slots.release()

    def _hold(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def _release(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()


def _read_request(inside: socket.socket) -> tuple[str, bytes]:
    """The target of a CONNECT as "host:port" and what came after it; "" for anything else."""
    head = _read_head(inside)
    first, _, _ = head.partition(b"\r\n")
    words = first.decode("ascii", "replace").split()
    rest = head.partition(b"\r\n\r\n")[2]
    if len(words) != 3 or words[0] != "CONNECT":
        return (urlsplit(words[1]).netloc if len(words) == 3 else ""), rest
    host, _, port = words[1].lower().rpartition(":")
    valid = host and port.isascii() and port.isdigit()
    return (f"{host.rstrip('.')}:{port}" if valid else ""), rest


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < HEAD_LIMIT:
        piece = connection.recv(4096)
        if not piece:
            break
        head += piece
    return head


def _connect(host: str, port: int) -> socket.socket:
    upstream = getproxies().get("https", "")
    if not upstream or proxy_bypass(host):
        return socket.create_connection((host, port), CONNECT_TIMEOUT_S)
    parts = urlsplit(upstream if "//" in upstream else f"//{upstream}")
    outside = socket.create_connection(
        (parts.hostname or "", parts.port or 3128), CONNECT_TIMEOUT_S
    )
    try:
        head = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            head += f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
        outside.sendall(f"{head}\r\n".encode())
        if b" 200" not in _read_head(outside).partition(b"\r\n")[0]:
            raise ConnectionRefusedError("the machine's proxy refused")
    except OSError:
        outside.close()
        raise
    return outside


def _answer(inside: socket.socket, status: str) -> None:
    closing = "" if status.startswith("200") else "Connection: close\r\nContent-Length: 0\r\n"
    inside.sendall(f"HTTP/1.1 {status}\r\n{closing}\r\n".encode())


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Copy both ways until both sides have ended, or nothing moves for two minutes."""
    sides = {one: other, other: one}
    reading = {one, other}
    while reading:
        ready, _, _ = select.select(list(reading), [], [], IDLE_S)
        if not ready:
            return
        for side in ready:
            piece = side.recv(PIECE)
            if piece:
                sides[side].sendall(piece)
                continue
            reading.discard(side)
            with suppress(OSError):
                sides[side].shutdown(socket.SHUT_WR)
