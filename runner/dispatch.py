"""Gives invocations to the runners: calls at once, events when admission lets them in.

Knows the task by its name only, so that the console can enqueue without
importing what runs it.
"""

import random
from typing import Any

from celery import current_app
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from runner import admission, lane, nodes, states, waiter
from runner.errors import TooManyRequests
from runner.models import Invocation
from runner.spec import InvocationType, State

QUEUE = "runner"
TASK = "runner.tasks.run_invocation"
FUNCTIONS_A_ROUND = 20


def enqueue(request_id: str) -> None:
    """Give an invocation to the runners. Its row stands and bears a queue lease."""
    current_app.send_task(TASK, (request_id,), queue=QUEUE, retry=False)


def hand_over(request_id: str, *, digest: str, watched: bool) -> None:
    """Give a call that somebody waits for to the runners: by the lane, where a runner lives.

    Unless its group is watched, the result is sent straight to this
    process's waiter, if one listens.
    """
    if not nodes.alive():
        enqueue(request_id)
        return
    ear = None if watched else waiter.listening()
    reply = ear.expect(request_id) if ear is not None else ""
    lane.push(request_id, digest=digest, reply=reply)


def events() -> int:
    """Enqueue waiting events as far as admission lets them, round-robin by account; how many."""
    waiting = Invocation.objects.filter(
        Q(due_at__isnull=True) | Q(due_at__lte=timezone.now()),
        state=State.PENDING,
        invocation_type=InvocationType.EVENT,
        lease_expires_at__isnull=True,
    )
    accounts = list(waiting.order_by().values_list("account_id", flat=True).distinct())
    random.shuffle(accounts)
    sent = 0
    while accounts:
        for account_id in list(accounts):
            if _dispatch_one(waiting.filter(account_id=account_id)):
                sent += 1
            else:
                accounts.remove(account_id)
    admission.mark_waiting(waiting.exists())
    return sent


def _dispatch_one(waiting: Any) -> bool:
    """The oldest event of an account whose function has room; whether there was one."""
    functions = waiting.order_by().values_list("function_arn", flat=True).distinct()
    for function_arn in functions[:FUNCTIONS_A_ROUND]:
        row = waiting.filter(function_arn=function_arn).order_by("created_at").first()
        if row is not None and _admit_event(row):
            return True
    return False


def _admit_event(row: Invocation) -> bool:
    place = admission.Place(
        request_id=str(row.request_id),
        account_id=row.account_id,
        function_arn=row.function_arn,
        reserved=row.spec.document.get("reserved_concurrency"),
        account_limit=row.account_limit or settings.NODE_CONCURRENCY,
        node_limit=int(settings.NODE_CONCURRENCY * admission.EVENTS_SHARE),
    )
    try:
        admission.admit(place)
    except TooManyRequests:
        return False
    mine = Invocation.objects.filter(
        pk=row.pk, state=State.PENDING, attempt=row.attempt, lease_expires_at__isnull=True
    )
    if mine.update(lease_expires_at=states.queued_until()):
        enqueue(str(row.request_id))
    return True
