"""Keeps a runner's hold on its invocations: one thread renews all of them.

Every 2 s each held row's lease and each held place of admission is
prolonged, and rows whose Stop was pressed are looked for (the channel told
of it already, unless that ring was missed). With nothing held it sleeps.
"""

import logging
import threading
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import close_old_connections
from redis.exceptions import RedisError

from runner import admission
from runner.models import Invocation
from runner.spec import State
from runner.states import lease_until

logger = logging.getLogger(__name__)

RENEW_S = 2.0


class Leases:
    """See the module. `stop` is called with a request id whose Stop was pressed."""

    def __init__(self, *, owner: str, stop: Callable[[str], None]) -> None:
        self.owner = owner
        self._stop = stop
        self._held: dict[str, tuple[str, str, str]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    def hold(self, *, request_id: str, account_id: str, function_arn: str) -> None:
        """Begin to renew."""
        with self._changed:
            self._held[request_id] = (request_id, account_id, function_arn)
            if len(self._held) == 1:
                self._changed.notify()

    def drop(self, request_id: str) -> None:
        """Stop renewing."""
        with self._changed:
            self._held.pop(request_id, None)

    def close(self) -> None:
        """End the thread; what was held runs out by itself."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._held))
                if not self._closed:
                    self._changed.wait_for(lambda: self._closed, timeout=RENEW_S)
                if self._closed:
                    return
                held = list(self._held.values())
            if held:
                self._renew(held)

    def _renew(self, held: list[tuple[str, str, str]]) -> None:
        try:
            close_old_connections()
            rows = Invocation.objects.filter(
                request_id__in=[one[0] for one in held], lease_owner=self.owner
            )
            rows.filter(state=State.RUNNING).update(lease_expires_at=lease_until())
            admission.renew(held)
            pressed = rows.filter(stop_requested_at__isnull=False)
            for request_id in pressed.values_list("request_id", flat=True):
                self._stop(str(request_id))
        except (DatabaseError, RedisError) as error:
            logger.warning("could not renew %d leases, trying again: %s", len(held), error)
