"""The same guarantees for every backend's sandbox: `Safe` wraps any of them.

No two calls change a sandbox at once; one that failed is destroyed; calls on
the dead answer with the reason; stopping twice is fine. Backends stay small.
"""

import socket
import threading
from collections.abc import Callable

from runner.errors import SandboxFailed
from runner.sandboxes.base import Assignment, Sandbox, Usage


class Safe:
    """A Sandbox that cannot be used wrongly. It has the contract of what it wraps."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner = inner
        self._lock = threading.RLock()
        self._dead = ""
        self._assigned = False
        self._last = Usage(peak_mb=0)
        self.name = inner.name
        self.listener: socket.socket = inner.listener
        self.output = inner.output

    def assign(self, assignment: Assignment) -> None:
        """As `Sandbox.assign`; a second call is refused and leaves the first in force."""
        with self._lock:
            if self._assigned and not self._dead:
                raise SandboxFailed(f"Sandbox {self.name} already serves a function.")
            self._assigned = True
            self._change(lambda: self._inner.assign(assignment))

    def freeze(self) -> None:
        """As `Sandbox.freeze`."""
        self._change(self._inner.freeze)

    def thaw(self) -> None:
        """As `Sandbox.thaw`."""
        self._change(self._inner.thaw)

    def alive(self) -> bool:
        """As `Sandbox.alive`; false from the moment it broke or was stopped."""
        return not self._dead and self._inner.alive()

    def usage(self) -> Usage:
        """As `Sandbox.usage`; how it ended stays known after it is gone, the peak does not."""
        with self._lock:
            if self._dead:
                return Usage(0, exit_code=self._last.exit_code, limit=self._last.limit)
            self._last = self._inner.usage()
            return self._last

    def stop(self, *, grace: float = 0.0) -> None:
        """As `Sandbox.stop`."""
        with self._lock:
            self._end("it was stopped", grace)

    def _change(self, act: Callable[[], None]) -> None:
        with self._lock:
            if self._dead:
                raise SandboxFailed(f"Sandbox {self.name} is gone: {self._dead}.")
            try:
                act()
            except SandboxFailed as error:
                self._end(error.message.rstrip("."), 0.0)
                raise

    def _end(self, reason: str, grace: float) -> None:
        if self._dead:
            return
        self._last = self._inner.usage()
        self._dead = reason
        self._inner.stop(grace=grace)
