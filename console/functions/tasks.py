"""Periodic work of functions."""

from celery import shared_task

from console.functions import services


@shared_task
def finish_deploys() -> None:
    """Keep the promises of deploys whose dependencies are ready, watched or not."""
    services.finish_deploys()
