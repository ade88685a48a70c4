"""One sandbox's session: which request is allowed now, and who waits for what.

Everything but `invoke`, `idle` and `close` runs on the server's loop. The
names of states and error types are those of AWS's own Runtime API.
"""

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from runner.runtime_api import protocol
from runner.runtime_api.session import Answer, Event, InitError
from runner.spec import RESPONSE_LIMIT

if TYPE_CHECKING:
    from runner.runtime_api.connection import Connection

_ERROR_TYPE_LIMIT = 256
_PARSED_ERROR_LIMIT = 262_144
_MAX_REPEATS = 3
"""How often an event is given again: each may be 6 MB that nobody reads."""


class RuntimeState(StrEnum):
    """Where the runtime stands, in AWS's words (they appear in its 403 messages)."""

    STARTED = "Started"
    INIT_ERROR = "InitError"
    READY = "Ready"
    RUNNING = "Running"
    RESPONDING = "InvocationResponse"
    RESPONSE_SENT = "RuntimeResponseSentState"


@dataclass(slots=True)
class Running:
    """The event that a caller gave and nobody has answered yet."""

    event: Event
    answer: "Future[Answer]" = field(default_factory=Future)
    on_chunk: Callable[[bytes], None] | None = None
    delivered: bool = False
    repeats: int = 0


class LiveSession:
    """The Session of runner.runtime_api.session, served by connections of one loop."""

    def __init__(
        self, wake: Callable[[Callable[[], None]], None], end: Callable[["LiveSession"], None]
    ) -> None:
        self.initialised: Future[InitError | None] = Future()
        self.initialised.set_running_or_notify_cancel()
        self.state = RuntimeState.STARTED
        self.connections: set[Connection] = set()
        self.closed = False
        self._wake = wake
        self._end = end
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._waiter: Connection | None = None

    # -- for the environment, from any thread

    def invoke(
        self, event: Event, *, on_chunk: Callable[[bytes], None] | None = None
    ) -> "Future[Answer]":
        """Give the runtime an event; `on_chunk` gets a streamed answer's pieces, on the loop."""
        running = Running(event, on_chunk=on_chunk)
        running.answer.set_running_or_notify_cancel()
        with self._lock:
            if self._running is not None:
                raise ValueError("The runtime has not answered its last event yet")
            if self.closed:
                running.answer.set_exception(ConnectionError("The session is closed"))
                return running.answer
            self._running = running
        self._wake(self._deliver)
        return running.answer

    def idle(self) -> bool:
        """Whether the runtime waits in `next`, with no event under way."""
        return self._waiter is not None and self._running is None

    def close(self) -> None:
        """Close every connection and the listener; whoever waits gets ConnectionError."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            running, self._running = self._running, None
        self._end(self)
        if running is not None and not running.answer.done():
            running.answer.set_exception(ConnectionError("The session was closed"))
        if not self.initialised.done():
            self.initialised.set_exception(ConnectionError("The session was closed"))

    # -- for connections, on the loop

    def wait_next(self, connection: "Connection") -> None:
        """GET /invocation/next: answer now or when an event comes."""
        if self.state is RuntimeState.INIT_ERROR:
            connection.refuse(*self.forbidden(RuntimeState.READY))
            return
        if self.state is RuntimeState.RUNNING and self._running is not None:
            self._repeat(self._running, connection)
            return
        if self._waiter is not None and self._waiter is not connection:
            self._waiter.refuse(*self.forbidden(RuntimeState.READY))
        self.state = RuntimeState.READY
        self._waiter = connection
        if not self.initialised.done():
            self.initialised.set_result(None)
        self._deliver()

    def _repeat(self, running: Running, connection: "Connection") -> None:
        """The runtime asks again without having answered: it gets the same event, as on AWS."""
        running.repeats += 1
        if running.repeats > _MAX_REPEATS:
            connection.refuse(*self.forbidden(RuntimeState.READY))
        else:
            connection.reply(render_event(running.event), close=True)

    def leave(self, connection: "Connection") -> None:
        """A connection is gone; whatever it was doing is undone."""
        self.connections.discard(connection)
        if self._waiter is connection:
            self._waiter = None

    def forbidden(self, wanted: RuntimeState) -> tuple[int, bytes]:
        """AWS's answer to a request that does not fit the runtime's state."""
        return 403, error_body(
            "InvalidStateTransition",
            f"State transition from {self.state} to {wanted} failed for runtime. "
            "Error: State transition is not allowed",
        )

    def begin_answer(self, request_id: str) -> Running | tuple[int, bytes]:
        """Reserve the event under way for one answer, or say why not."""
        running = self._running
        if running is None or self.state is not RuntimeState.RUNNING:
            return self.forbidden(RuntimeState.RESPONDING)
        if running.event.request_id != request_id:
            return 400, error_body("InvalidRequestID", "Invalid request ID")
        self.state = RuntimeState.RESPONDING
        return running

    def take_back(self) -> None:
        """The answer that had begun was broken off: another may be posted."""
        if self.state is RuntimeState.RESPONDING:
            self.state = RuntimeState.RUNNING

    def finish_answer(self, running: Running, answer: Answer) -> None:
        """Hand the answer to whoever invoked."""
        with self._lock:
            if self._running is not running:
                return
            self._running = None
        self.state = RuntimeState.RESPONSE_SENT
        running.answer.set_result(answer)

    def init_failed(self, error: InitError) -> None:
        """POST /init/error: the runtime gives up before its first `next`."""
        self.state = RuntimeState.INIT_ERROR
        if not self.initialised.done():
            self.initialised.set_result(error)

    def _deliver(self) -> None:
        waiter, running = self._waiter, self._running
        if waiter is None or running is None or running.delivered:
            return
        self._waiter = None
        running.delivered = True
        self.state = RuntimeState.RUNNING
        waiter.reply(render_event(running.event))


def render_event(event: Event) -> bytes:
    """The answer to `next`: Lambda's headers and the event. Empty headers are left out."""
    fields = (
        ("Lambda-Runtime-Aws-Request-Id", event.request_id),
        ("Lambda-Runtime-Deadline-Ms", str(event.deadline_ms)),
        ("Lambda-Runtime-Invoked-Function-Arn", event.invoked_arn),
        ("Lambda-Runtime-Trace-Id", event.trace_id),
        ("Lambda-Runtime-Client-Context", event.client_context),
        ("Lambda-Runtime-Cognito-Identity", event.cognito_identity),
    )
    # A caller's client context may hold line ends, which would start a header of its own.
    lines = [f"{name}: {' '.join(value.splitlines())}\r\n" for name, value in fields if value]
    return protocol.render(200, event.body, "".join(lines))


def error_body(error_type: str, message: str) -> bytes:
    """An error of the Runtime API itself, in AWS's shape."""
    return json.dumps({"errorMessage": message, "errorType": error_type}).encode()


def too_large() -> tuple[int, bytes]:
    """AWS's answer to a response over the limit."""
    return 413, error_body(
        "RequestEntityTooLarge",
        f"Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).",
    )


def error_type_of(headers: dict[str, str], body: bytes) -> str:
    """The error type a runtime named: in its header, else in the error object it posted."""
    named = headers.get("lambda-runtime-function-error-type", "")
    if not named and len(body) <= _PARSED_ERROR_LIMIT:
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict):
            named = str(parsed.get("errorType") or "")
    return named[:_ERROR_TYPE_LIMIT] or "Runtime.Unknown"
