"""Awaits results in an event loop: one channel for all who wait in it.

A call begun in a process that has a waiter says so to the runner, which then
sends the result straight to the waiter's channel: no group is joined, no row
is read. Results that come before anybody awaits them are kept for a while.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from channels.layers import get_channel_layer

from runner.results import from_json
from runner.spec import InvocationResult

KEPT = 200
KEPT_S = 60.0
Heard = InvocationResult | None
"""None: it has ended, but the row has to be read for what it is."""


class Waiter:
    """The waiter of one event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.channel = ""
        self._layer = get_channel_layer()
        self._lock = threading.Lock()
        self._expected: OrderedDict[str, float] = OrderedDict()
        self._early: OrderedDict[str, Heard] = OrderedDict()
        self._awaited: dict[str, asyncio.Future[Heard]] = {}
        self._opened: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to listen; returns when it does."""
        if self._opened is None:
            self._opened = asyncio.create_task(self._open())
        await asyncio.shield(self._opened)

    def expect(self, request_id: str) -> str:
        """Announce that a result will be asked for; the channel to send it to. Any thread."""
        with self._lock:
            self._expected[request_id] = time.monotonic()
            while len(self._expected) > KEPT and self._oldest() > KEPT_S:
                self._expected.popitem(last=False)
        return self.channel

    def expects(self, request_id: str) -> bool:
        """Whether the runner was told to send this result here."""
        with self._lock:
            return request_id in self._expected

    def future(self, request_id: str) -> "asyncio.Future[Heard]":
        """Resolves when the result is heard; at once if it was already."""
        future = self._awaited.get(request_id)
        if future is None:
            future = self.loop.create_future()
            self._awaited[request_id] = future
        if request_id in self._early and not future.done():
            future.set_result(self._early[request_id])
        return future

    def forget(self, request_id: str) -> None:
        """Nobody waits for it any more."""
        self._awaited.pop(request_id, None)
        self._early.pop(request_id, None)
        with self._lock:
            self._expected.pop(request_id, None)

    def alive(self) -> bool:
        """Whether its loop still turns."""
        return bool(self.channel) and not self.loop.is_closed() and self.loop.is_running()

    def _oldest(self) -> float:
        return time.monotonic() - next(iter(self._expected.values()))

    async def _open(self) -> None:
        self.channel = await self._layer.new_channel("result.")
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            message = (await self._layer.receive(self.channel))["message"]
            if message["kind"] == "result":
                self._hear(message)

    def _hear(self, message: Mapping[str, Any]) -> None:
        request_id = message["request_id"]
        content = message["result"]
        result = from_json(content) if content and content["exact"] else None
        future = self._awaited.get(request_id)
        if future is not None:
            if not future.done():
                future.set_result(result)
        elif self.expects(request_id):
            self._early[request_id] = result
            while len(self._early) > KEPT:
                self._early.popitem(last=False)


_lock = threading.Lock()
_waiters: list[Waiter] = []


async def waiter() -> Waiter:
    """The running loop's waiter, listening."""
    loop = asyncio.get_running_loop()
    with _lock:
        _waiters[:] = [one for one in _waiters if not one.loop.is_closed()]
        mine = next((one for one in _waiters if one.loop is loop), None)
        if mine is None:
            mine = Waiter()
            _waiters.append(mine)
    await mine.open()
    return mine


def listening() -> Waiter | None:
    """A waiter of this process that can be told to expect a result, if there is one."""
    with _lock:
        return next((one for one in reversed(_waiters) if one.alive()), None)
