"""One sandbox's side of the Runtime API, as the environment sees it."""

import socket
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """What GET /invocation/next answers with: a body and Lambda's headers."""

    request_id: str
    body: bytes
    deadline_ms: int  # since the epoch
    invoked_arn: str
    trace_id: str = ""
    client_context: str = ""
    cognito_identity: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the runtime posted for one event.

    `error_type` is set for POST /error and for a streamed response that
    broke off. `too_large` means that the body went over RESPONSE_LIMIT: it
    was drained and `size` counts it, `body` holds only its beginning.
    """

    body: bytes
    content_type: str = "application/json"
    error_type: str = ""
    streamed: bool = False
    too_large: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True)
class InitError:
    """What the runtime posted to /init/error before ever asking for an event."""

    error_type: str
    body: bytes


class Session(Protocol):
    """The Runtime API of one sandbox. `initialised` resolves to None at the first `next`."""

    initialised: "Future[InitError | None]"

    def invoke(
        self, event: Event, *, on_chunk: Callable[[bytes], None] | None = None
    ) -> "Future[Answer]":
        """Give the runtime an event. One at a time: a second before the answer is a ValueError.

        `on_chunk` gets a streamed response's pieces as they come, on the
        server's thread: it must not block. The future fails with
        ConnectionError once the session is closed.
        """

    def idle(self) -> bool:
        """Whether the runtime waits in `next`, with no event under way."""

    def close(self) -> None:
        """Close every connection and the listener; whoever waits gets ConnectionError."""


class Server(Protocol):
    """Serves the Runtime API of every sandbox of this process from one event-loop thread."""

    def open(self, listener: socket.socket) -> Session:
        """Begin to accept a sandbox's runtime on its listener (see sandboxes.base)."""

    def close(self) -> None:
        """Close every session and end the thread."""
