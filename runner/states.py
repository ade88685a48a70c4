"""The one place where an invocation's state changes.

Every move is a compare-and-set UPDATE: of two who try, one wins, and a task
that runs twice finds its move already made.
"""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from runner import records
from runner.models import MOVES, Invocation
from runner.spec import State

LEASE_S = 8
"""How long a runner's hold lasts; it is renewed every 2 s."""
QUEUE_S = 15
"""How long an enqueued task may stay unclaimed before it is enqueued again."""


def move(
    *, request_id: UUID | str, before: State, after: State, held_by: str = "", **fields: object
) -> bool:
    """Move one invocation, writing `fields` with it; whether it was still there to be moved.

    With `held_by`, only while that runner's lease is on it. A move that the
    table does not have is a bug: ValueError.
    """
    if after not in MOVES[before]:
        raise ValueError(f"{before} to {after} is no move")
    written = {"state": str(after), **fields}
    return records.update(request_id, before=before, held_by=held_by, fields=written)


def claim(*, request_id: str, **fields: object) -> Invocation | None:
    """Move a pending invocation to RUNNING, writing `fields` with it; it, if it was pending."""
    return records.claim(request_id, {"state": str(State.RUNNING), **fields})


def lease_until(now: datetime | None = None) -> datetime:
    """When a lease taken or renewed now runs out."""
    return (now or timezone.now()) + timedelta(seconds=LEASE_S)


def queued_until(now: datetime | None = None) -> datetime:
    """When an enqueued invocation that nobody claimed is enqueued again."""
    return (now or timezone.now()) + timedelta(seconds=QUEUE_S)


def expire_dead(node: str, said_alive: Iterable[str]) -> set[str]:
    """Expire the leases of this node's earlier runners, whose process is gone; those runners."""
    rows = Invocation.objects.filter(state=State.RUNNING, lease_owner__startswith=f"{node}:")
    owners = {*rows.order_by().values_list("lease_owner", flat=True).distinct(), *said_alive}
    mine = {owner for owner in owners if owner.startswith(f"{node}:")}
    dead = {owner for owner in mine if not _lives(int(owner.split(":")[-2]))}
    rows.filter(lease_owner__in=dead).update(lease_expires_at=timezone.now())
    return dead


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
