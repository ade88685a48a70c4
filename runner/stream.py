"""Log lines and results: stored with sequence numbers, then announced.

Messages of an invocation, numbered from 1 without gaps, each a dict
{"request_id", "seq", "kind", ...}:

    {"kind": "state", "state": "running"}       it was given to a sandbox
    {"kind": "log", "text": "..."}              printed text, "\\n" ends a line
    {"kind": "result", "result": {...}}         the last: an InvocationResult

They go to the group `results.group_of(request_id)` as {"type":
"invocation.message", "message": {...}}. `replay` gives the same messages
from the store. An event that had to be run again goes on counting; the
messages of its earlier attempt are not replayed.
"""

import codecs
import io
import threading
import time
from typing import Any

from django.conf import settings

from runner import logs
from runner.announcer import Announcer
from runner.logs import LogFile
from runner.models import Invocation
from runner.results import group_of, message, stored, to_json
from runner.spec import FINAL_STATES, LOG_TAIL_BYTES, State

KIND = "invocation.message"
LOG_LIMIT = 2_097_152
"""Bytes kept of what one invocation prints; the rest is read and dropped."""
REPLY_LIMIT = 262_144
"""A larger response is not sent to its waiter, who reads the row instead."""


class Recorder:
    """Writes one invocation's stream. Its text begins where its LogFile ends now.

    For the first `quiet_s` seconds nothing but the result is announced: a
    caller who only waits for that is spared the rest, and whoever watches
    besides sees a gap and asks for what it missed.
    """

    def __init__(
        self,
        *,
        request_id: str,
        log: LogFile,
        announcer: Announcer,
        after: int,
        quiet_s: float = 0.0,
    ) -> None:
        self.offset = log.size
        self.truncated = False
        self.sequence = after
        self._request_id = request_id
        self._group = group_of(request_id)
        self._log = log
        self._announcer = announcer
        self._lock = threading.Lock()
        self._quiet_until = time.monotonic() + quiet_s
        self._unrung: list[dict[str, Any]] = []
        self._printed = 0
        self._tail = b""
        self._decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8")("replace"), translate=True
        )

    @property
    def length(self) -> int:
        """Bytes of log stored so far."""
        return self._log.size - self.offset

    @property
    def tail(self) -> bytes:
        """The last 4 KB stored."""
        return self._tail

    def state(self, state: State) -> None:
        """Announce a state."""
        with self._lock:
            self.sequence += 1
            self._ring("state", state=str(state))

    def printed(self, data: bytes) -> bool:
        """Store what the function printed; False once its limit is reached."""
        with self._lock:
            if self.truncated:
                return False
            text = self._decoder.decode(data).encode("utf-8", "replace")
            if self._printed + len(text) > LOG_LIMIT:
                text = text[: LOG_LIMIT - self._printed]
                text = text.decode("utf-8", "ignore").encode()
                self.truncated = True
            self._printed += len(text)
            self._put(text)
            return not self.truncated

    def platform(self, text: str) -> None:
        """Store a line of the platform's own, on a line of its own."""
        with self._lock:
            if rest := self._decoder.decode(b"", final=True):
                self._put(rest.encode("utf-8", "replace"))
            if self._tail and not self._tail.endswith(b"\n"):
                text = "\n" + text
            self._put(text.encode())

    def _put(self, text: bytes) -> None:
        if not text:
            return
        self.sequence += 1
        self._log.append(text, sequence=self.sequence)
        self._tail = (self._tail + text[-LOG_TAIL_BYTES:])[-LOG_TAIL_BYTES:]
        self._ring("log", text=text.decode())

    def _ring(self, kind: str, **more: Any) -> None:
        self._unrung.append(message(self._request_id, self.sequence, kind, **more))
        if time.monotonic() < self._quiet_until:
            return
        for told in self._unrung:
            self._announcer.send(self._group, KIND, told)
        self._unrung.clear()


def replay(*, request_id: str, after: int) -> list[dict[str, Any]]:
    """The messages numbered over `after`. Raises Invocation.DoesNotExist."""
    row = Invocation.objects.get(request_id=request_id)
    final = row.state in FINAL_STATES
    messages: list[dict[str, Any]] = []
    if row.log_file:
        end = row.log_offset + row.log_length if final else None
        batches = logs.batches(settings.LOG_STORE, row.log_file, offset=row.log_offset, end=end)
        first = row.first_sequence
        if first > after:
            messages.append(message(request_id, first, "state", state=str(State.RUNNING)))
        for number, text in batches:
            if number > after:
                messages.append(
                    message(request_id, number, "log", text=text.decode("utf-8", "replace"))
                )
    if final and row.last_sequence > after:
        told = to_json(stored(row))
        messages.append(message(request_id, row.last_sequence, "result", result=told))
    return messages
