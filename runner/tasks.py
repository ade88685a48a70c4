"""The Celery tasks: run one invocation, reap expired leases.

A task carries only an id; the row is the promise. Every task may run twice.
The worker of queue `runner` starts this process's Node and ends it.
"""

import logging
import threading
from datetime import timedelta
from typing import Any

from celery import shared_task, signals
from django.conf import settings
from django.utils import timezone

from runner import backends, dispatch, endings, lane, node, states
from runner.errors import RunnerError
from runner.models import Invocation
from runner.spec import InvocationType, State

logger = logging.getLogger(__name__)

UNTAKEN = timedelta(minutes=15)
"""A caller's invocation that no runner took for this long is given up."""


@shared_task(name="runner.tasks.run_invocation", ignore_result=True)
def run_invocation(request_id: str) -> None:
    """Run one invocation here, then let waiting events into the place that it left."""
    execute(request_id)


def execute(request_id: str, digest: str = "", reply: str = "") -> None:
    """What the task does; the lane calls it too, with its spec and where to push the result."""
    here = node.current()
    if here is None:
        raise RunnerError("This worker has no runner: start it with the queue `runner`.")
    try:
        if here.run(request_id, digest=digest, reply=reply):
            dispatch.events()
    except Exception:  # the task rim: a bug must not leave a caller waiting
        logger.exception("invocation %s failed in the runner", request_id)
        _fail(request_id)


@shared_task(name="runner.tasks.reap", ignore_result=True)
def reap() -> None:
    """Take up what a dead runner left, and what was enqueued and never taken."""
    now = timezone.now()
    for row in Invocation.objects.filter(state=State.RUNNING, lease_expires_at__lt=now):
        logger.warning("invocation %s lost its runner", row.request_id)
        endings.lose(row, endings.RUNNER_STOPPED, held_by=row.lease_owner)
    for row in Invocation.objects.filter(state=State.PENDING, lease_expires_at__lt=now):
        if row.invocation_type != InvocationType.EVENT and row.created_at < now - UNTAKEN:
            endings.conclude(row, State.LOST, "No runner took it within 15 minutes.")
            continue
        held = Invocation.objects.filter(
            pk=row.pk, state=State.PENDING, lease_expires_at=row.lease_expires_at
        )
        if held.update(lease_expires_at=states.queued_until(now)):
            dispatch.enqueue(str(row.request_id))
    dispatch.events()


def _fail(request_id: str) -> None:
    row = Invocation.objects.filter(request_id=request_id).first()
    if row is None:
        return
    if row.state in (State.PENDING, State.RUNNING):
        here = node.current()
        held_by = here.owner if here is not None and row.state == State.RUNNING else ""
        endings.lose(row, "The runner failed; its log says why. Run it again.", held_by=held_by)


# -- the worker's life


_lane: lane.Lane | None = None
SPARE_THREADS = 28
"""More threads than calls are admitted, so that nested calls can't deadlock."""


@signals.worker_init.connect
def _start(sender: Any, **rest: Any) -> None:
    global _lane
    if dispatch.QUEUE in sender.app.amqp.queues.consume_from:
        node.install(lambda: node.Node(backends.chosen(settings.BACKENDS)))
        _lane = lane.Lane(threads=settings.NODE_CONCURRENCY + SPARE_THREADS, run=execute)
        reap.delay()


@signals.worker_shutting_down.connect
def _stop_taking(**rest: Any) -> None:
    here = node.current()
    if _lane is not None:
        _lane.stop_taking()
    if here is not None:
        threading.Thread(target=here.shut_down, name="shut-down").start()


@signals.worker_shutdown.connect
def _end(**rest: Any) -> None:
    if _lane is not None:
        _lane.close()
    node.uninstall()
