"""What each kind of request does while it arrives and once it is complete."""

import base64
import binascii
from typing import TYPE_CHECKING, Protocol

from runner.runtime_api.live import (
    LiveSession,
    Running,
    RuntimeState,
    error_body,
    error_type_of,
    too_large,
)
from runner.runtime_api.protocol import Head
from runner.runtime_api.session import Answer, InitError
from runner.spec import RESPONSE_LIMIT

if TYPE_CHECKING:
    from runner.runtime_api.connection import Connection

DRAIN_LIMIT = 64 * 1024 * 1024
"""How much of a body that nobody wants is read before the connection is closed."""
_KEPT_OF_TOO_LARGE = 65_536
_ROOT = "/2018-06-01/runtime/"
_ACCEPTED = b'{"status":"OK"}\n'


class Reception(Protocol):
    """The receiving side of one request."""

    def data(self, piece: bytes) -> None:
        """Take a piece of the body."""

    def end(self, trailers: dict[str, str]) -> None:
        """The request is complete: act and reply."""

    def lost(self) -> None:
        """The connection broke before the end."""


def receive(connection: "Connection", head: Head) -> Reception:
    """Choose by method and path; what does not exist is refused once it has arrived."""
    path = head.target.partition("?")[0]
    if not path.startswith(_ROOT):
        return Refusal(connection, 404, error_body("NotFound", f"No such path: {path[:200]}"))
    words = path[len(_ROOT) :].split("/")
    match words:
        case ["invocation", "next"]:
            wanted = "GET"
        case ["invocation", _, "response" | "error"] | ["init", "error"]:
            wanted = "POST"
        case _:
            return Refusal(connection, 404, error_body("NotFound", f"No such path: {path[:200]}"))
    if head.method != wanted:
        return Refusal(connection, 405, error_body("MethodNotAllowed", f"Use {wanted}"))
    if wanted == "GET":
        return Next(connection)
    if words[0] == "init":
        return _init_error(connection, head)
    return _answer(connection, head, request_id=words[1], failed=words[2] == "error")


def _init_error(connection: "Connection", head: Head) -> Reception:
    session = connection.session
    if session.state is not RuntimeState.STARTED:
        return Refusal(connection, *session.forbidden(RuntimeState.INIT_ERROR))
    return InitErrorPost(connection, head)


def _answer(connection: "Connection", head: Head, *, request_id: str, failed: bool) -> Reception:
    session = connection.session
    begun = session.begin_answer(request_id)
    if not isinstance(begun, Running):
        return Refusal(connection, *begun)
    mode = head.headers.get("lambda-runtime-function-response-mode", "")
    if failed or not mode:
        return AnswerPost(connection, head, begun, failed=failed, streamed=False)
    if mode == "streaming":
        return AnswerPost(connection, head, begun, failed=False, streamed=True)
    session.finish_answer(begun, Answer(b"", error_type="Runtime.InvalidResponseModeHeader"))
    return Refusal(
        connection,
        400,
        error_body("InvalidFunctionResponseMode", "Invalid function response mode"),
    )


class Next:
    """GET /invocation/next; a body, which nobody sends, is ignored."""

    __slots__ = ("_connection",)

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def data(self, piece: bytes) -> None:
        """Ignore it."""

    def end(self, trailers: dict[str, str]) -> None:
        """Wait for an event: nothing more of this connection is read until it has one."""
        self._connection.parked = True
        self._connection.session.wait_next(self._connection)

    def lost(self) -> None:
        """Nothing had begun."""


class Refusal:
    """A request that is not allowed: read to its end, so that the client sees the answer."""

    __slots__ = ("_answer", "_connection", "_size")

    def __init__(self, connection: "Connection", status: int, body: bytes) -> None:
        self._connection = connection
        self._answer = (status, body)
        self._size = 0

    def data(self, piece: bytes) -> None:
        """Count it, and give up on a client that never ends."""
        self._size += len(piece)
        if self._size > DRAIN_LIMIT:
            self._connection.refuse(*self._answer)

    def end(self, trailers: dict[str, str]) -> None:
        """Say no."""
        self._connection.refuse(*self._answer)

    def lost(self) -> None:
        """Nothing had begun."""


class InitErrorPost:
    """POST /init/error."""

    __slots__ = ("_body", "_connection", "_head")

    def __init__(self, connection: "Connection", head: Head) -> None:
        self._connection = connection
        self._head = head
        self._body = bytearray()

    def data(self, piece: bytes) -> None:
        """Keep up to the limit of a response."""
        if len(self._body) + len(piece) > RESPONSE_LIMIT:
            self._connection.refuse(*too_large())
            return
        self._body += piece

    def end(self, trailers: dict[str, str]) -> None:
        """Tell the environment, unless `next` came first on another connection."""
        session: LiveSession = self._connection.session
        if session.state is not RuntimeState.STARTED:
            self._connection.refuse(*session.forbidden(RuntimeState.INIT_ERROR))
            return
        body = bytes(self._body)
        session.init_failed(InitError(error_type_of(self._head.headers, body), body))
        self._connection.accept(_ACCEPTED)

    def lost(self) -> None:
        """Nothing had begun."""


class AnswerPost:
    """POST /invocation/<id>/response and /error, buffered or streamed."""

    __slots__ = ("_body", "_connection", "_failed", "_head", "_running", "_size", "_streamed")

    def __init__(
        self,
        connection: "Connection",
        head: Head,
        running: Running,
        *,
        failed: bool,
        streamed: bool,
    ) -> None:
        self._connection = connection
        self._head = head
        self._running = running
        self._failed = failed
        self._streamed = streamed
        self._body = bytearray()
        self._size = 0

    def data(self, piece: bytes) -> None:
        """Keep it within the limit; past it, only count."""
        self._size += len(piece)
        if self._size <= RESPONSE_LIMIT:
            self._body += piece
            if self._streamed and self._running.on_chunk is not None:
                self._running.on_chunk(piece)
            return
        del self._body[_KEPT_OF_TOO_LARGE:]
        if self._size > DRAIN_LIMIT:
            self._finish("")

    def end(self, trailers: dict[str, str]) -> None:
        """Resolve the caller's future, then let the runtime go on."""
        error_type = ""
        if self._failed:
            error_type = error_type_of(self._head.headers, bytes(self._body))
        elif named := trailers.get("lambda-runtime-function-error-type", ""):
            error_type = named[:256]
            self._body = bytearray(_trailer_body(trailers) or self._body)
        self._finish(error_type)

    def lost(self) -> None:
        """A stream that broke off is the answer; a buffered one never was one."""
        session = self._connection.session
        if self._streamed and self._size:
            session.finish_answer(self._running, self._result("Runtime.TruncatedResponse"))
        else:
            session.take_back()

    def _result(self, error_type: str) -> Answer:
        return Answer(
            body=bytes(self._body),
            content_type=self._head.headers.get("content-type", "application/json"),
            error_type=error_type,
            streamed=self._streamed,
            too_large=self._size > RESPONSE_LIMIT,
            size=self._size,
        )

    def _finish(self, error_type: str) -> None:
        self._connection.session.finish_answer(self._running, self._result(error_type))
        if self._size > RESPONSE_LIMIT:
            self._connection.refuse(*too_large())
        else:
            self._connection.accept(_ACCEPTED)


def _trailer_body(trailers: dict[str, str]) -> bytes:
    """The error object of a stream's trailer, base64; b"" when there is none to read."""
    try:
        return base64.b64decode(
            trailers.get("lambda-runtime-function-error-body", ""), validate=True
        )
    except binascii.Error:
        return b""
