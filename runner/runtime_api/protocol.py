"""HTTP/1.1 as the Runtime API needs it: bytes in, events out, no sockets.

A function may speak to this port itself, so every length has a bound and
every oddity that makes two readers disagree (two lengths, a length beside
chunks, obsolete folding) is refused instead of guessed at.
"""

from dataclasses import dataclass, field

MAX_HEAD = 1_114_112
"""Longest request head, bytes: clients send up to 1 MiB of X-Ray cause in one header."""
MAX_HEADERS = 100
_MAX_SIZE_LINE = 4_096


class BadRequest(Exception):
    """What was received is not HTTP that we take; the connection must be closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(slots=True)
class Head:
    """A request's first part. Header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    keep_alive: bool
    content_length: int | None  # None when the body comes in chunks
    expects_continue: bool


@dataclass(slots=True)
class Data:
    """A piece of the body."""

    body: bytes


@dataclass(slots=True)
class End:
    """The request is complete; chunked ones may carry trailers."""

    trailers: dict[str, str] = field(default_factory=dict)


Event = Head | Data | End

_END = End()


class Parser:
    """Turns one connection's bytes into events, in order: Head, Data*, End, Head ...

    `receive` takes what arrived; `next_event` gives one event or None when
    more bytes are needed. After a BadRequest it must not be used again.
    """

    __slots__ = ("_buffer", "_remaining", "_searched", "_step")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._remaining = 0
        self._step = self._head

    def receive(self, data: bytes) -> None:
        """Take bytes as they come; they are looked at by `next_event`."""
        self._buffer += data

    @property
    def pending(self) -> int:
        """How many bytes are held and not yet understood."""
        return len(self._buffer)

    def next_event(self) -> Event | None:
        """The next event, or None until more bytes come. Raises BadRequest."""
        return self._step()

    # -- steps: each reads one kind of thing and says what comes after it

    def _head(self) -> Event | None:
        block = self._block(b"\r\n\r\n", MAX_HEAD, 431, "Request header fields too large")
        if block is None:
            return None
        head = parse_head(block)
        if head.content_length is None:
            self._step = self._chunk_size
        elif head.content_length:
            self._remaining = head.content_length
            self._step = self._body
        else:
            self._step = self._no_body
        return head

    def _no_body(self) -> Event | None:
        self._step = self._head
        return _END

    def _body(self) -> Event | None:
        taken = self._take()
        if taken and not self._remaining:
            self._step = self._no_body
        return taken

    def _chunk_size(self) -> Event | None:
        line = self._block(b"\r\n", _MAX_SIZE_LINE, 400, "Chunk size line too long")
        if line is None:
            return None
        self._remaining = parse_chunk_size(line)
        self._step = self._chunk if self._remaining else self._trailers
        return self._step()

    def _chunk(self) -> Event | None:
        taken = self._take()
        if taken and not self._remaining:
            self._step = self._chunk_end
        return taken

    def _chunk_end(self) -> Event | None:
        if len(self._buffer) < 2:
            return None
        if self._buffer[:2] != b"\r\n":
            raise BadRequest(400, "Chunk without its line end")
        del self._buffer[:2]
        self._step = self._chunk_size
        return self._step()

    def _trailers(self) -> Event | None:
        if self._buffer[:2] == b"\r\n":
            del self._buffer[:2]
            self._step = self._head
            return _END
        block = self._block(b"\r\n\r\n", MAX_HEAD, 431, "Trailer fields too large")
        if block is None:
            return None
        self._step = self._head
        return End(parse_fields(block.split(b"\r\n")))

    # -- pieces of the buffer

    def _take(self) -> Data | None:
        buffer = self._buffer
        if not buffer:
            return None
        if len(buffer) <= self._remaining:
            self._remaining -= len(buffer)
            self._buffer = bytearray()
            return Data(bytes(buffer))
        piece = Data(bytes(buffer[: self._remaining]))
        del buffer[: self._remaining]
        self._remaining = 0
        return piece

    def _block(self, end: bytes, limit: int, status: int, message: str) -> bytes | None:
        """Bytes up to `end`, which is dropped. What was searched is not searched again."""
        at = self._buffer.find(end, self._searched)
        if at < 0:
            if len(self._buffer) > limit:
                raise BadRequest(status, message)
            self._searched = max(0, len(self._buffer) - len(end) + 1)
            return None
        if at > limit:
            raise BadRequest(status, message)
        block = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        self._searched = 0
        return block


def parse_head(block: bytes) -> Head:
    """Read a request line and its header fields. Raises BadRequest."""
    # RFC 9112 2.2: empty lines before a request are skipped.
    lines = block.lstrip(b"\r\n").split(b"\r\n", MAX_HEADERS + 1)
    words = lines[0].split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or not words[0].isalpha():
        raise BadRequest(400, "Malformed request line")
    if len(lines) > MAX_HEADERS + 1:
        raise BadRequest(431, "Too many header fields")
    headers = parse_fields(lines[1:])
    connection = headers.get("connection", "").lower()
    old = words[2] == b"HTTP/1.0"
    return Head(
        method=words[0].decode("latin-1"),
        target=words[1].decode("latin-1"),
        headers=headers,
        keep_alive="keep-alive" in connection if old else "close" not in connection,
        content_length=_length(headers),
        expects_continue=headers.get("expect", "").lower() == "100-continue",
    )


def parse_fields(lines: list[bytes]) -> dict[str, str]:
    """Read header or trailer lines; a repeated field is joined with ", ". Raises BadRequest."""
    if len(lines) > MAX_HEADERS:
        raise BadRequest(431, "Too many header fields")
    fields: dict[str, str] = {}
    for line in lines:
        raw, colon, value = line.partition(b":")
        if not colon or not raw or raw != raw.strip():
            raise BadRequest(400, "Malformed header field")
        name = raw.decode("latin-1").lower()
        text = value.strip(b" \t").decode("latin-1")
        if name in fields:
            if name in ("content-length", "transfer-encoding"):
                raise BadRequest(400, f"{name} given twice")
            text = f"{fields[name]}, {text}"
        fields[name] = text
    return fields


def parse_chunk_size(line: bytes) -> int:
    """The length of a chunk; extensions are ignored. Raises BadRequest."""
    digits = line.partition(b";")[0].strip(b" \t")
    if not 0 < len(digits) <= 16 or digits.strip(b"0123456789abcdefABCDEF"):
        raise BadRequest(400, "Malformed chunk size")
    return int(digits, 16)


def _length(headers: dict[str, str]) -> int | None:
    encoding = headers.get("transfer-encoding")
    length = headers.get("content-length")
    if encoding is not None:
        if encoding.lower() != "chunked":
            raise BadRequest(501, "Transfer encoding not supported")
        if length is not None:
            raise BadRequest(400, "A length and chunks at once")
        return None
    if length is None:
        return 0
    # int() would also take "+1", "1_0" and digits of other scripts.
    if not length.isascii() or not length.isdecimal() or len(length) > 18:
        raise BadRequest(400, "Malformed content length")
    return int(length)


_REASONS = {
    100: "Continue",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
}

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def render(status: int, body: bytes, headers: str = "", *, close: bool = False) -> bytes:
    """A whole answer in one piece; `headers` are lines that end in CRLF."""
    end = "Connection: close\r\n\r\n" if close else "\r\n"
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
        f"{headers}Content-Length: {len(body)}\r\n{end}"
    )
    return head.encode("utf-8") + body
