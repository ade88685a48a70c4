"""Who may run now: counters with expiring leases in Valkey.

Three sets of request ids, each with the moment its hold expires: the
function's, the account's and the whole installation's. One script decides
and takes all three, so no two callers pass on the last place. A holder that
dies frees its places when the hold expires; a living runner renews it.
"""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import redis
from django.conf import settings

from runner.errors import TooManyRequests

WAITING_S = 60
"""How long a place is kept for a call that no runner has taken yet."""
RUNNING_S = 10
"""How long each renewal by a runner lasts."""
EVENTS_SHARE = 0.75
"""What asynchronous events may fill of the installation; the rest is for who waits."""

EVENTS_WAIT = f"{settings.REDIS_PREFIX}:events-wait"
_ADMIT = """
local now, until_ = tonumber(ARGV[1]), tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) >= tonumber(ARGV[3 + i]) then return i end
end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, until_, ARGV[3])
  redis.call('PEXPIRE', key, 3600000)
end
return 0
"""


class Reason(StrEnum):
    """AWS's names for which limit it was."""

    RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
    CONCURRENT = "ConcurrentInvocationLimitExceeded"


@dataclass(frozen=True, slots=True)
class Place:
    """Who asks, and how many may run at once in each circle.

    `reserved` is the function's own concurrency, None when it has none.
    """

    request_id: str
    account_id: str
    function_arn: str
    reserved: int | None
    account_limit: int
    node_limit: int

    @property
    def function_limit(self) -> int:
        """How many calls of the function may run at once."""
        return settings.FUNCTION_CONCURRENCY if self.reserved is None else self.reserved


_local = threading.local()


def connection() -> redis.Redis:
    """This thread's connection to Valkey."""
    client: redis.Redis | None = getattr(_local, "client", None)
    if client is None or _local.process != os.getpid():
        client = redis.Redis.from_url(settings.REDIS_URL, single_connection_client=True)
        _local.client, _local.process = client, os.getpid()
        _local.admit = client.register_script(_ADMIT)
    return client


def admit(place: Place, *, hold_s: float = WAITING_S) -> None:
    """Take a place. Refuses with TooManyRequests; then nothing is held."""
    connection()
    now = time.time()
    places = keys(place.account_id, place.function_arn)
    arguments = [now, now + hold_s, place.request_id]
    arguments += [place.function_limit, place.account_limit, place.node_limit]
    full = int(_local.admit(keys=places, args=arguments))
    if full == 1:
        reason = Reason.CONCURRENT if place.reserved is None else Reason.RESERVED
        raise TooManyRequests(
            f"Rate Exceeded: {place.function_limit} calls of this function run already. "
            "Try again when one has ended.",
            reason=reason,
        )
    if full:
        limit, whose = (
            (place.account_limit, "this account")
            if full == 2
            else (place.node_limit, "this installation")
        )
        raise TooManyRequests(
            f"Rate Exceeded: {limit} calls of {whose} run already. Try again when one has ended.",
            reason=Reason.CONCURRENT,
        )


def release(*, request_id: str, account_id: str, function_arn: str) -> None:
    """Give a place back. Twice is fine."""
    pipeline = connection().pipeline(transaction=False)
    for key in keys(account_id, function_arn):
        pipeline.zrem(key, request_id)
    pipeline.execute()


def renew(held: Sequence[tuple[str, str, str]]) -> None:
    """Prolong (request id, account id, function ARN)s that a runner is running.

    Only what is still held: one that ended meanwhile must not come back.
    """
    until = time.time() + RUNNING_S
    pipeline = connection().pipeline(transaction=False)
    for request_id, account_id, function_arn in held:
        for key in keys(account_id, function_arn):
            pipeline.zadd(key, {request_id: until}, xx=True)
    pipeline.execute()


def mark_waiting(waiting: bool) -> None:
    """Remember whether asynchronous events wait for a place."""
    if waiting:
        connection().set(EVENTS_WAIT, 1, ex=3600)
    else:
        connection().delete(EVENTS_WAIT)


def events_wait() -> bool:
    """Whether events wait for a place, as far as is known; the reaper looks too."""
    return bool(connection().exists(EVENTS_WAIT))


def running() -> int:
    """How many places are held in the whole installation."""
    return int(connection().zcount(keys("", "")[2], time.time(), "+inf"))


def keys(account_id: str, function_arn: str) -> list[str]:
    """The sets that hold the places of a function's calls."""
    run = f"{settings.REDIS_PREFIX}:run"
    return [f"{run}:f:{function_arn}", f"{run}:a:{account_id}", f"{run}:all"]
