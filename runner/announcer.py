"""Rings the channel: one event-loop thread and one connection for a whole process.

A sender in every thread would open a connection each (2 ms a call); here
callers only queue. Order is kept. What is rung is stored already, so a ring
that fails is logged and forgotten: the listener reads the row.
"""

import asyncio
import logging
import os
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class Announcer:
    """See the module. Its thread ends with the process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._lock = threading.Lock()
        self._queue: deque[_Item] = deque()
        self._awake = False
        self._thread = threading.Thread(target=self._main, name="announcer", daemon=True)
        self._thread.start()

    def send(self, group: str, kind: str, message: Mapping[str, Any]) -> None:
        """Announce to a group; returns at once."""
        self._put(_Item(group, {"type": kind, "message": message}))

    def _put(self, item: "_Item") -> None:
        with self._lock:
            self._queue.append(item)
            wake, self._awake = not self._awake, True
        if wake:
            self._loop.call_soon_threadsafe(self._wake.set)

    def _next(self) -> "_Item | None":
        with self._lock:
            if self._queue:
                return self._queue.popleft()
            self._awake = False
            return None

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        layer = get_channel_layer()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (item := self._next()) is not None:
                await _send(layer, item)


@dataclass(frozen=True, slots=True)
class _Item:
    group: str
    message: Mapping[str, Any]


async def _send(layer: Any, item: _Item) -> None:
    try:
        await layer.group_send(item.group, item.message)
    except (RedisError, OSError) as error:
        logger.warning("could not announce to %s: %s", item.group, error)


_lock = threading.Lock()
_current: tuple[int, Announcer] | None = None


def announcer() -> Announcer:
    """This process's announcer, started at first use (again after a fork)."""
    global _current
    with _lock:
        if _current is None or _current[0] != os.getpid():
            _current = (os.getpid(), Announcer())
        return _current[1]
