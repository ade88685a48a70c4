"""The direct lane: from a caller who waits to a runner and back, past the task queue.

Celery's consumer and publisher cost 5 ms of processor a call, which is most
of a warm call; this list costs a fifth of one. It carries the same id to the
same `tasks.execute`, and the row stays the promise: what is lost here is
enqueued again as a Celery task when its queue lease runs out. A popped item
also says to which list the result is to be pushed, if its caller listens: the
same script that pushes it gives back the call's place, so that an end costs
one round trip. Whoever does not get it there reads the row.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db import close_old_connections

from runner.admission import EVENTS_WAIT, connection, keys

logger = logging.getLogger(__name__)

POP_S = 1
AT_ONCE = 4
"""How many a runner takes in one go, if so many wait; others may be free sooner."""
_LIST = f"{settings.REDIS_PREFIX}:lane"
_GROUP = f"{settings.REDIS_PREFIX}:__group__"
"""What channels_redis puts before a group's name; tests hold it to that."""
_LEAVE = """
for i = 1, 3 do redis.call('ZREM', KEYS[i], ARGV[1]) end
if ARGV[3] ~= '' then
  redis.call('RPUSH', KEYS[5], ARGV[3])
  redis.call('PEXPIRE', KEYS[5], 60000)
end
return {redis.call('EXISTS', KEYS[4]), redis.call('PUBSUB', 'NUMSUB', ARGV[2])[2]}
"""
_local = threading.local()


@dataclass(frozen=True, slots=True)
class Left:
    """What was found when a call gave its place back."""

    events_wait: bool
    watchers: int


def push(request_id: str, *, digest: str, reply: str = "") -> None:
    """Give an invocation to whichever runner is free first; `digest` says of which spec."""
    connection().rpush(_LIST, f"{request_id} {digest} {reply}")


def leave(
    *,
    request_id: str,
    account_id: str,
    function_arn: str,
    group: str,
    reply: str = "",
    told: str = "",
) -> Left:
    """Give back a call's place and push what is `told` to the list `reply`, if there is one.

    Says whether events wait for a place, and how many processes watch the
    call's channel group. Twice is fine.
    """
    client = connection()
    if getattr(_local, "client", None) is not client:
        _local.client, _local.leave = client, client.register_script(_LEAVE)
    places = [*keys(account_id, function_arn), EVENTS_WAIT, reply]
    arguments = [request_id, _GROUP + group, told if reply else ""]
    events_wait, watchers = _local.leave(keys=places, args=arguments)
    return Left(bool(events_wait), int(watchers))


def heard(client: redis.Redis, reply: str) -> list[bytes]:
    """What was pushed to `reply`, as soon as there is something; nothing after a second."""
    popped: list[list[bytes]] | None = client.blmpop(POP_S, 1, reply, direction="LEFT", count=64)  # type: ignore[assignment]
    return popped[1] if popped else []


class Lane:
    """A runner's end. It takes no more than it has threads for."""

    def __init__(self, *, threads: int, run: Callable[[str, str, str], None]) -> None:
        self._run = run
        self._free = threading.Semaphore(threads)
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="lane")
        self._closed = False
        self._client = redis.Redis.from_url(settings.REDIS_URL, single_connection_client=True)
        self._thread = threading.Thread(target=self._take, name="lane", daemon=True)
        self._thread.start()

    def stop_taking(self) -> None:
        """Take nothing more."""
        self._closed = True

    def close(self) -> None:
        """Wait until what was taken has ended."""
        self._closed = True
        self._thread.join(timeout=2 * POP_S)
        self._threads.shutdown()

    def _take(self) -> None:
        while not self._closed:
            self._free.acquire()
            room = 1
            while room < AT_ONCE and self._free.acquire(blocking=False):
                room += 1
            taken = self._pop(room)
            if room > len(taken):
                self._free.release(room - len(taken))
            if taken and self._closed:
                self._free.release(len(taken))
                connection().rpush(_LIST, *taken)
                break
            for item in taken:
                self._threads.submit(self._serve, *item.decode().split(" "))
        self._client.close()

    def _pop(self, count: int) -> list[bytes]:
        try:
            popped: list[list[bytes]] | None = self._client.blmpop(  # type: ignore[assignment]
                POP_S, 1, _LIST, direction="LEFT", count=count
            )
        except redis.RedisError as error:
            if not self._closed:
                logger.warning("the lane waits for Valkey: %s", error)
                time.sleep(POP_S)
            return []
        return popped[1] if popped else []

    def _serve(self, request_id: str, digest: str, reply: str) -> None:
        try:
            close_old_connections()
            self._run(request_id, digest, reply)
        finally:
            self._free.release()
