"""The Celery application. Its settings are the CELERY_ ones of `settings`.

A worker or beat that is ready makes RUN_DIR/<name>.ready: so the supervisor
knows, without a round trip through the broker.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

app = Celery("virga")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["runner", "console.monitoring", "console.functions", "console.events"])


def _mark_ready(name: str) -> None:
    from django.conf import settings  # this module is imported while settings load

    settings.RUN_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    (settings.RUN_DIR / f"{name}.ready").touch()


@worker_ready.connect
def _worker_is_ready(sender: Any, **rest: Any) -> None:
    _mark_ready(sender.hostname.partition("@")[0])


@beat_init.connect
def _beat_is_ready(**rest: Any) -> None:
    _mark_ready("beat")
