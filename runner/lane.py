"""The direct lane: from a caller who waits to a runner, past the task queue.

Celery's consumer and publisher cost 5 ms of processor a call, which is most
of a warm call; this list costs a fifth of one. It carries the same id to the
same `tasks.execute`, and the row stays the promise: what is lost here is
enqueued again as a Celery task when its queue lease runs out. A popped item
also says to which channel the result is to be sent, if its caller listens.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import redis
from django.conf import settings
from django.db import close_old_connections

from runner.admission import connection

logger = logging.getLogger(__name__)

POP_S = 1
_LIST = "virga:lane"


def push(request_id: str, *, reply: str = "") -> None:
    """Give an invocation to whichever runner is free first."""
    connection().rpush(_LIST, f"{request_id} {reply}")


class Lane:
    """A runner's end. It takes no more than it has threads for."""

    def __init__(self, *, threads: int, run: Callable[[str, str], None]) -> None:
        self._run = run
        self._free = threading.Semaphore(threads)
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="lane")
        self._closed = False
        self._client = redis.Redis.from_url(settings.REDIS_URL)
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
            taken = self._pop()
            if taken is None:
                self._free.release()
            elif self._closed:
                connection().rpush(_LIST, taken)
            else:
                request_id, _, reply = taken.decode().partition(" ")
                self._threads.submit(self._serve, request_id, reply)
        self._client.close()

    def _pop(self) -> bytes | None:
        try:
            popped: list[bytes] | None = self._client.blpop([_LIST], timeout=POP_S)  # type: ignore[assignment]
        except redis.RedisError as error:
            if not self._closed:
                logger.warning("the lane waits for Valkey: %s", error)
                time.sleep(POP_S)
            return None
        return popped[1] if popped else None

    def _serve(self, request_id: str, reply: str) -> None:
        try:
            close_old_connections()
            self._run(request_id, reply)
        finally:
            self._free.release()
