"""The worker's part in running many events."""

from celery import shared_task
from django.db import transaction

from console.events import driver, queries
from console.events.models import EventRun


@shared_task
def drive_run(run_id: int) -> None:
    """Hand a run to this worker's event loop. May come twice: a lease decides."""
    driver.hand_over(run_id)


def enqueue(run: EventRun) -> None:
    """Have a worker drive a run, once what was written is committed."""
    transaction.on_commit(lambda: drive_run.delay(run.pk))


def enqueue_if_abandoned(run: EventRun) -> None:
    """Have another worker take over a run whose driver died; a look at the page calls this."""
    if queries.is_abandoned(run):
        enqueue(run)
