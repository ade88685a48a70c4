"""What functions print: one thread reads every sandbox's output of this process.

Output is handed on in batches, at most 20 ms after its first byte, sooner
when 64 KB are there. A receiver that has had enough (a flood) says so by
returning False: its pipe is still drained, at a bounded pace, so that the
function never blocks and its neighbours keep their processor.
"""

import errno
import logging
import os
import selectors
import threading
import time
from collections.abc import Callable

BATCH_S = 0.02
BATCH_BYTES = 65_536
PAUSE_S = 0.005
READS_A_TURN = 16

logger = logging.getLogger(__name__)

Receive = Callable[[bytes], bool]


class Source:
    """One sandbox's output. `ended` is called once, when its last writer is gone."""

    def __init__(self, handle: int, receive: Receive, ended: Callable[[], None]) -> None:
        self.handle = handle
        self.lock = threading.RLock()
        self.open = True
        self.due: float | None = None
        self.resume: float | None = None
        self._receive = receive
        self._ended = ended
        self._buffer = bytearray()
        self._wanted = True
        os.set_blocking(handle, False)

    def read(self, now: float) -> bool:
        """Take what is there; whether the reader should pause before it takes more."""
        for _ in range(READS_A_TURN):
            if not self.open:
                return False
            try:
                chunk = os.read(self.handle, BATCH_BYTES)
            except OSError as error:
                if error.errno == errno.EAGAIN:
                    return False
                chunk = b""
            if not chunk:
                self.open = False
                self.flush()
                self._ended()
                return False
            self._take(chunk, now)
        return not self._wanted

    def flush(self) -> None:
        """Hand on what was read."""
        self.due = None
        if self._buffer:
            batch = bytes(self._buffer)
            self._buffer.clear()
            try:
                self._wanted = self._receive(batch)
            except OSError:
                # A full disk costs this sandbox's lines, never the thread that reads for all.
                logger.exception("output could not be kept")
                self._wanted = False

    def _take(self, chunk: bytes, now: float) -> None:
        self._buffer += chunk
        if len(self._buffer) >= BATCH_BYTES:
            self.flush()
        elif self.due is None:
            self.due = now + BATCH_S


class Pump:
    """The reading thread. It sleeps while nothing is printed."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._waiting: set[Source] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def add(self, handle: int, receive: Receive, ended: Callable[[], None]) -> Source:
        """Begin to read a descriptor."""
        source = Source(handle, receive, ended)
        with self._lock:
            self._selector.register(handle, selectors.EVENT_READ, source)
        self._wake()
        return source

    def drain(self, source: Source) -> None:
        """Hand on, in the caller's thread, all that has been printed so far."""
        with source.lock:
            if source.open:
                source.read(time.monotonic())
            source.flush()

    def remove(self, source: Source) -> None:
        """Stop reading; call it before the descriptor is closed."""
        with source.lock:
            source.open = False
            source.flush()
        self._forget(source)

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._wake()
        self._thread.join(timeout=5)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _wake(self) -> None:
        try:
            os.write(self._wake_write, b"\0")
        except BlockingIOError:
            return

    def _forget(self, source: Source) -> None:
        with self._lock:
            self._waiting.discard(source)
            registered = self._selector.get_map().get(source.handle)
            if registered is not None and registered.data is source:
                self._selector.unregister(source.handle)

    def _run(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(self._timeout()):
                if key.data is None:
                    os.read(self._wake_read, 4096)
                else:
                    self._read(key.data)
            self._turn_of_clock(time.monotonic())

    def _timeout(self) -> float | None:
        with self._lock:
            moments = [m for s in self._waiting for m in (s.due, s.resume) if m is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _read(self, source: Source) -> None:
        with source.lock:
            now = time.monotonic()
            pause = source.read(now)
            if not source.open:
                self._forget(source)
                return
            if pause:
                source.resume = now + PAUSE_S
            with self._lock:
                if pause:
                    self._selector.unregister(source.handle)
                if source.due is not None or pause:
                    self._waiting.add(source)

    def _turn_of_clock(self, now: float) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for source in waiting:
            with source.lock:
                if source.due is not None and source.due <= now:
                    source.flush()
                with self._lock:
                    if source.resume is not None and source.resume <= now and source.open:
                        source.resume = None
                        self._selector.register(source.handle, selectors.EVENT_READ, source)
                    if source.due is None and source.resume is None:
                        self._waiting.discard(source)
