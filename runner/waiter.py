"""Awaits results in an event loop: one list in Valkey for all who wait in it.

A call begun in a process that has a waiter says so to the runner, which then
pushes the result straight to the waiter's list (see `lane`): no group is
joined, no row is read. One thread pops them for the loop. Results that come
before anybody awaits them are kept for a while. Whoever waits for a call that
was begun elsewhere joins its channel group.
"""

import asyncio
import json
import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings

from runner import lane
from runner.results import from_json, group_of
from runner.spec import InvocationResult

logger = logging.getLogger(__name__)

KEPT = 200
KEPT_S = 60.0
Heard = InvocationResult | None
"""None: it has ended, but the row has to be read for what it is."""


class Waiter:
    """The waiter of one event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.reply = f"{settings.REDIS_PREFIX}:results:{uuid.uuid4().hex}"
        self._channel = ""
        self._layer = get_channel_layer()
        self._lock = threading.Lock()
        self._expected: OrderedDict[str, float] = OrderedDict()
        self._early: OrderedDict[str, Heard] = OrderedDict()
        self._awaited: dict[str, asyncio.Future[Heard]] = {}
        self._opened: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    async def join(self, request_id: str) -> None:
        """Listen to the channel group of a call that was begun elsewhere."""
        if self._opened is None:
            self._opened = asyncio.create_task(self._open())
        try:
            await asyncio.shield(self._opened)
        except (redis.RedisError, OSError):
            self._opened = None  # the next to join tries again
            raise
        await self._layer.group_add(group_of(request_id), self._channel)

    async def leave(self, request_id: str) -> None:
        """Listen to it no more."""
        if self._channel:
            await self._layer.group_discard(group_of(request_id), self._channel)

    def expect(self, request_id: str) -> str:
        """Announce that a result will be asked for; the list to push it to. Any thread."""
        with self._lock:
            self._expected[request_id] = time.monotonic()
            while len(self._expected) > KEPT and self._oldest() > KEPT_S:
                self._expected.popitem(last=False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._pop, name="results", daemon=True)
                self._thread.start()
        return self.reply

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
        return not self.loop.is_closed() and self.loop.is_running()

    def _oldest(self) -> float:
        return time.monotonic() - next(iter(self._expected.values()))

    async def _open(self) -> None:
        self._channel = await self._layer.new_channel("result.")
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            message = (await self._layer.receive(self._channel))["message"]
            if message["kind"] == "result":
                self._hear(message)

    def _pop(self) -> None:
        """Hand results to the loop until it is closed. In a thread of its own."""
        client = redis.Redis.from_url(settings.REDIS_URL, single_connection_client=True)
        while not self.loop.is_closed():
            try:
                told = lane.heard(client, self.reply)
            except redis.RedisError as error:
                logger.warning("results wait for Valkey: %s", error)
                time.sleep(lane.POP_S)
                continue
            try:
                if told:
                    self.loop.call_soon_threadsafe(self._hear_all, told)
            except RuntimeError:  # the loop was closed meanwhile
                break
        client.close()

    def _hear_all(self, told: list[bytes]) -> None:
        for one in told:
            self._hear(json.loads(one))

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


def waiter() -> Waiter:
    """The running loop's waiter."""
    loop = asyncio.get_running_loop()
    with _lock:
        _waiters[:] = [one for one in _waiters if not one.loop.is_closed()]
        mine = next((one for one in _waiters if one.loop is loop), None)
        if mine is None:
            mine = Waiter()
            _waiters.append(mine)
    return mine


def listening() -> Waiter | None:
    """A waiter of this process that can be told to expect a result, if there is one."""
    with _lock:
        return next((one for one in reversed(_waiters) if one.alive()), None)
