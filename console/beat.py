"""The clock of periodic work. Any number may run; only the holder of the lease ticks."""

import os
from datetime import timedelta
from typing import Any

from celery.beat import Scheduler
from django.conf import settings
from django.db import IntegrityError, close_old_connections
from django.db.models import Q
from django.utils import timezone

LEASE = "beat"
LEASE_S = 15.0
RENEW_S = 5.0


def hold_lease(*, holder: str, name: str = LEASE, seconds: float = LEASE_S) -> bool:
    """Take or renew a lease; whether `holder` has it now. Another's valid lease is respected."""
    from console.home.models import Lease  # beat loads this module before the apps are ready

    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    free = Lease.objects.filter(Q(holder=holder) | Q(expires_at__lt=now), name=name)
    if free.update(holder=holder, expires_at=until):
        return True
    try:
        Lease.objects.create(name=name, holder=holder, expires_at=until)
    except IntegrityError:
        return False
    return True


class LeasedScheduler(Scheduler):
    """Celery's scheduler, asleep unless this process holds the lease."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._holder = f"{settings.NODE}:{os.getpid()}"
        self._held_until = timezone.now()
        super().__init__(*arguments, **options)

    def setup_schedule(self) -> None:
        """Take the entries from the settings."""
        self.install_default_entries(self.schedule)
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Send what is due, if the lease is ours; seconds until the next look."""
        if timezone.now() > self._held_until - timedelta(seconds=LEASE_S - RENEW_S):
            close_old_connections()
            if not hold_lease(holder=self._holder):
                return RENEW_S
            self._held_until = timezone.now() + timedelta(seconds=LEASE_S)
        return min(RENEW_S, float(super().tick(*arguments, **options)))
