"""The Celery application. Its settings are the CELERY_ ones of `settings`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

app = Celery("virga")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["runner", "console.monitoring", "console.functions", "console.events"])
