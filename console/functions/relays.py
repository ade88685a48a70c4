"""Relays of streams to one socket, by sequence: the store remembers, the channel rings."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
QUIET_S = 5.0
"""After so long without a message the store is asked: the last ring may have been lost."""


class RunRelay:
    """One run's messages, in order and without gaps, from `after` on.

    Until `open` is called messages are kept back: the client first learns
    which run it is.
    """

    def __init__(
        self,
        *,
        after: int,
        send: Send,
        replay: Callable[[int], Awaitable[list[Message]]],
        quiet_s: float = QUIET_S,
    ) -> None:
        self.last = after
        self._quiet_s = quiet_s
        self.over = asyncio.Event()
        self._send = send
        self._replay = replay
        self._held: list[Message] | None = []
        self._lock = asyncio.Lock()
        self._rung = asyncio.Event()

    async def open(self) -> None:
        """Let messages through: first those held, in their order."""
        async with self._lock:
            held, self._held = self._held or [], None
            for message in held:
                await self._deliver(message)

    async def take(self, message: Message) -> None:
        """A message that the channel brought."""
        self._rung.set()
        async with self._lock:
            if self._held is not None:
                self._held.append(message)
            else:
                await self._deliver(message)

    async def catch_up(self) -> None:
        """Send what the store has beyond what was sent."""
        async with self._lock:
            for message in await self._replay(self.last):
                await self._pass_on(message)

    async def follow(self) -> None:
        """Return when the result was sent; look into the store whenever it has been quiet."""
        while not self.over.is_set():
            self._rung.clear()
            try:
                await asyncio.wait_for(self.over.wait(), self._quiet_s)
            except TimeoutError:
                if not self._rung.is_set():
                    await self.catch_up()

    async def _deliver(self, message: Message) -> None:
        if message["seq"] > self.last + 1:
            for missed in await self._replay(self.last):
                await self._pass_on(missed)
        await self._pass_on(message)

    async def _pass_on(self, message: Message) -> None:
        if message["seq"] <= self.last:
            return
        self.last = message["seq"]
        await self._send(message)
        if message["kind"] == "result":
            self.over.set()


class BuildRelay:
    """One build's log and state. `read` gives (log so far, state, error) from the store.

    A ring only says that there is more: the log is read and what is new of it
    is sent, so nothing is sent twice or lost.
    """

    FINAL = frozenset({"ready", "failed"})

    def __init__(self, *, send: Send, read: Callable[[], Awaitable[tuple[str, str, str]]]) -> None:
        self.state = ""
        self.error = ""
        self._send = send
        self._read = read
        self._sent = 0
        self._lock = asyncio.Lock()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There may be more."""
        self._rung.set()

    async def follow(self) -> None:
        """Relay until the build has ended; `state` and `error` then say how."""
        while not await self._look():
            try:
                await asyncio.wait_for(self._rung.wait(), QUIET_S)
            except TimeoutError:
                continue
            finally:
                self._rung.clear()

    async def _look(self) -> bool:
        async with self._lock:
            log, state, error = await self._read()
            if len(log) < self._sent:  # begun anew
                self._sent = 0
            text, self._sent = log[self._sent :], len(log)
            if text or state != self.state:
                self.state, self.error = state, error
                await self._send({"text": text, "state": state, "error": error})
            return state in self.FINAL
