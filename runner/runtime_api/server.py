"""The server: one thread, one event loop, a listener for each sandbox."""

import asyncio
import logging
import socket
import threading
from typing import Any

from runner.runtime_api.connection import Connection
from runner.runtime_api.live import LiveSession

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
"""Open connections of one sandbox; a client beyond them waits in the kernel's queue."""
_ACCEPTS_PER_SECOND = 100.0
_ACCEPT_BURST = 64.0
_BACKLOG = 64
_CLOSE_TIMEOUT_S = 5.0


class RuntimeApiServer:
    """The Server of runner.runtime_api.session."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_log_failure)
        self._doors: dict[LiveSession, _Door] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="runtime-api", daemon=True
        )
        self._thread.start()

    def open(self, listener: socket.socket) -> LiveSession:
        """Begin to accept a sandbox's runtime on its listener.

        The listener is duplicated: the sandbox may close its own at any time.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("The Runtime API server is closed")
            session = LiveSession(self._wake, self._end)
            door = _Door(self._loop, listener.dup(), session)
            self._doors[session] = door
        self._wake(door.open)
        return session

    def close(self) -> None:
        """Close every session and end the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for session in list(self._doors):
            session.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_TIMEOUT_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _wake(self, call: Any) -> None:
        self._loop.call_soon_threadsafe(call)

    def _end(self, session: LiveSession) -> None:
        with self._lock:
            door = self._doors.pop(session, None)
        if door is None:
            return
        if threading.current_thread() is self._thread:
            door.close()
            return
        done = threading.Event()
        self._loop.call_soon_threadsafe(_close_then, door, done)
        done.wait(_CLOSE_TIMEOUT_S)


class _Door:
    """Accepts one sandbox's connections, so many at once and so many a second.

    A function can connect in a loop, and every refused request costs it its
    connection: the pace here bounds what all of that takes from the others.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, session: LiveSession
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._session = session
        self._allowance = _ACCEPT_BURST
        self._refilled = loop.time()
        self._watching = False
        self._closed = False
        self._pending: set[asyncio.Task[Any]] = set()

    def open(self) -> None:
        """Start accepting."""
        if self._closed:
            return
        self._listener.setblocking(False)
        self._listener.listen(_BACKLOG)
        self._watch()

    def close(self) -> None:
        """Stop accepting and close what was accepted."""
        if self._closed:
            return
        self._closed = True
        self._unwatch()
        self._listener.close()
        for connection in list(self._session.connections):
            connection.abort()

    def _watch(self) -> None:
        if not self._watching and not self._closed:
            self._watching = True
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _unwatch(self) -> None:
        if self._watching:
            self._watching = False
            self._loop.remove_reader(self._listener.fileno())

    def _accept(self) -> None:
        if not self._may_accept():
            self._unwatch()
            self._loop.call_later(4 / _ACCEPTS_PER_SECOND, self._watch)
            return
        try:
            connected, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            logger.warning("The Runtime API can't accept a connection: %s", error)
            self._allowance = 0.0
            return
        connected.setblocking(False)
        task = self._loop.create_task(self._serve(connected))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _serve(self, connected: socket.socket) -> None:
        await self._loop.connect_accepted_socket(lambda: Connection(self._session), connected)

    def _may_accept(self) -> bool:
        now = self._loop.time()
        grown = self._allowance + (now - self._refilled) * _ACCEPTS_PER_SECOND
        self._allowance = min(_ACCEPT_BURST, grown)
        self._refilled = now
        if len(self._session.connections) + len(self._pending) >= MAX_CONNECTIONS:
            return False
        if self._allowance < 1.0:
            return False
        self._allowance -= 1.0
        return True


def _close_then(door: _Door, done: threading.Event) -> None:
    door.close()
    done.set()


def _log_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A failure in one connection's callback ends that connection, never the loop."""
    logger.error(
        "Runtime API: %s", context.get("message", "failure"), exc_info=context.get("exception")
    )
