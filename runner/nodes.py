"""What runners tell each other and the console through Valkey.

Each runner says every few seconds what it can isolate with and how full it
is; what a dead one said expires. A ring carries "stop this" to whichever
runner has it; a missed ring is made good by the runner's lease renewal.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import redis
from django.conf import settings

from runner.admission import connection
from runner.runtimes import Interpreter

HEARD_S = 15.0
BEAT_S = 5.0
_NODES = f"{settings.REDIS_PREFIX}:nodes"
_STOP = f"{settings.REDIS_PREFIX}:stop"


def beat(owner: str, document: Mapping[str, Any]) -> None:
    """Say that a runner lives, and what it has."""
    content = json.dumps({"at": time.time(), **document})
    connection().hset(_NODES, owner, content)


def leave(owner: str) -> None:
    """A runner ends."""
    connection().hdel(_NODES, owner)


def alive(*, max_age_s: float = 1.0) -> dict[str, dict[str, Any]]:
    """What each living runner said last, by owner; asked again after `max_age_s`."""
    global _seen
    at, found = _seen
    if time.monotonic() - at > max_age_s:
        found = _alive()
        _seen = time.monotonic(), found
    return found


_seen: tuple[float, dict[str, dict[str, Any]]] = (-1e9, {})


def _alive() -> dict[str, dict[str, Any]]:
    now = time.time()
    found: dict[str, dict[str, Any]] = {}
    said: dict[bytes, bytes] = connection().hgetall(_NODES)  # type: ignore[assignment]
    for owner, content in said.items():
        document = json.loads(content)
        if now - document["at"] < HEARD_S:
            found[owner.decode()] = document
        elif now - document["at"] > 10 * HEARD_S:
            connection().hdel(_NODES, owner)
    return found


def interpreters_of(backend: Mapping[str, Any]) -> tuple[Interpreter, ...]:
    """The interpreters of one of the backends of what a runner said."""
    return tuple(Interpreter(**one) for one in backend["interpreters"])


def ring_stop(request_id: str) -> None:
    """Ask whichever runner has it to stop an invocation."""
    connection().publish(_STOP, request_id)


class Ear:
    """Listens for stop rings, and beats in between. `listen` returns after `close`."""

    def __init__(self, owner: str) -> None:
        self._client = redis.Redis.from_url(settings.REDIS_URL)
        self._owner = owner
        self._closed = False

    def listen(
        self, stop: Callable[[str], None], document: Callable[[], Mapping[str, Any]]
    ) -> None:
        """Serve until closed; Valkey's absence is waited out."""
        while not self._closed:
            try:
                self._listen(stop, document)
            except redis.RedisError:
                time.sleep(1.0)
        self._client.close()

    def close(self) -> None:
        """End `listen`."""
        self._closed = True
        try:
            leave(self._owner)
            ring_stop("")
        except redis.RedisError:
            return

    def _listen(
        self, stop: Callable[[str], None], document: Callable[[], Mapping[str, Any]]
    ) -> None:
        with self._client.pubsub(ignore_subscribe_messages=True) as rings:
            rings.subscribe(_STOP)
            due = 0.0
            while not self._closed:
                if time.monotonic() >= due:
                    beat(self._owner, document())
                    due = time.monotonic() + BEAT_S
                ring = rings.get_message(timeout=max(0.0, due - time.monotonic()))
                if ring is not None and ring["data"]:
                    stop(ring["data"].decode())
