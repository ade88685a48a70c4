"""Retention: what is older than an account keeps is deleted, once an hour."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from console.accounts.models import Account
from console.accounts.services import prune_records
from runner import services as runner

logger = logging.getLogger(__name__)


@shared_task(name="console.monitoring.tasks.prune", ignore_result=True)
def prune() -> None:
    """Delete each account's records, payloads and logs past its retention. Twice is fine.

    The audit log has a retention of its own, of the installation.
    """
    now = timezone.now()
    for account_id, days in Account.objects.values_list("pk", "retention_days"):
        kept = timedelta(days=days or settings.RETENTION_DAYS)
        removed = runner.prune(before=now - kept, account_id=account_id)
        if removed:
            logger.info("account %s: %d old invocations deleted", account_id, removed)
    prune_records(before=now - timedelta(days=settings.AUDIT_RETENTION_DAYS))
