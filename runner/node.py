"""The runner of this process: every part of it, put together in one place.

A process has at most one. The Celery worker's signals start and end it (see
`tasks`); tests install one with backends of their own.
"""

import logging
import os
import resource
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from runner import admission, endings, images, nodes, records, report, specs, states
from runner.announcer import announcer
from runner.code import CodeStore
from runner.errors import Refused, RunnerError
from runner.leased import Leased, Limits
from runner.leases import Leases
from runner.models import Invocation
from runner.outcome import Call, Outcome
from runner.output import Pump
from runner.pool import Pool
from runner.results import of_row
from runner.runtime_api.server import RuntimeApiServer
from runner.runtimes import table
from runner.sandboxes.base import Backend
from runner.sandboxes.volumes import Volumes
from runner.spec import Limit, State
from runner.stock import Stock
from runner.stream import LOG_LIMIT, Recorder

logger = logging.getLogger(__name__)

QUIET_S = 0.25
TRUNCATED = f"[output over {LOG_LIMIT:,} bytes is not kept]\n"


def memory_budget_mb() -> int:
    """What sandboxes may use together: the setting, or 60 % of the machine."""
    if settings.NODE_MEMORY_MB:
        return int(settings.NODE_MEMORY_MB)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(total * 0.6) // 1_048_576


class Node:
    """See the module. Backends are swept at start: what a previous life left is removed."""

    def __init__(self, backends: Sequence[Backend]) -> None:
        self.owner = f"{settings.NODE}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._backends = list(backends)
        self._running: dict[str, Leased] = {}
        self.closing = False
        self._lock = threading.Lock()
        _allow_many_files()
        volumes = Volumes(Path(settings.RUN_DIR))
        self._clear_up(volumes)
        self._server = RuntimeApiServer()
        self._pump = Pump()
        self._announcer = announcer()
        self.leases = Leases(owner=self.owner, stop=self.stop)
        stock = Stock(
            backends=self._backends,
            resolve=table.resolve,
            each=settings.PREPARED_PER_RUNTIME,
            idle_s=settings.WARM_IDLE_S,
        )
        self.pool = Pool(
            stock=stock,
            server=self._server,
            pump=self._pump,
            code=CodeStore(Path(settings.CODE_STORE)),
            log_store=Path(settings.LOG_STORE),
            volumes=volumes,
            limits=Limits(
                memory_mb=memory_budget_mb(),
                warm_idle_s=settings.WARM_IDLE_S,
                overcommit=settings.NODE_MEMORY_OVERCOMMIT,
            ),
        )
        self.pool.start()
        self._ear = nodes.Ear(self.owner)
        self._listener = threading.Thread(
            target=self._ear.listen, args=(self.stop, self.describe), name="ear", daemon=True
        )
        self._listener.start()

    def _clear_up(self, volumes: Volumes) -> None:
        """Remove what a previous life of this node left, and what it promised to renew."""
        for dead in states.expire_dead(settings.NODE, nodes.alive(max_age_s=0)):
            nodes.leave(dead)
        for backend in self._backends:
            swept = 0 if backend.problem() else backend.sweep()
            if swept:
                logger.info("%s: removed %d leftovers of a previous life", backend.name, swept)
        volumes.sweep()

    def close(self) -> None:
        """End every sandbox and thread, leaving nothing behind."""
        self.shut_down()
        self._ear.close()
        self.leases.close()
        self.pool.close()
        self._server.close()
        self._pump.close()
        for backend in self._backends:
            backend.close()

    def shut_down(self) -> None:
        """Take nothing more and break off what runs: callers are told, events run again."""
        with self._lock:
            self.closing = True
            running = list(self._running.items())
        for request_id, leased in running:
            leased.environment.stop(request_id)

    def stop(self, request_id: str) -> None:
        """Stop a running invocation, if it runs here."""
        with self._lock:
            leased = self._running.get(request_id)
        if leased is not None:
            leased.environment.stop(request_id)

    def describe(self) -> dict[str, object]:
        """What it can isolate with and how full it is, for the home page."""
        stock = self.pool.stock
        built = images.status()
        return {
            "images": {"state": str(built.state), "percent": built.percent, "step": built.step},
            "node": settings.NODE,
            "backends": stock.describe(),
            "problem": stock.problem(),
            **self.pool.counts(),
        }

    def run(self, request_id: str, *, digest: str = "", reply: str = "") -> bool:
        """Run one invocation to its end; whether events wait for the place that it left.

        May be called twice for the same id: only one claims it. `digest` is
        its spec's, if the caller knows it. The result is pushed to the list
        `reply`, if one is given.
        """
        digest = digest or records.spec_of(request_id)
        if not digest or self.closing:
            return False
        try:
            leased = self.pool.lease(specs.thaw(digest), digest)
        except (RunnerError, Refused) as error:
            row = Invocation.objects.filter(request_id=request_id, state=State.PENDING).first()
            if row is not None:
                endings.lose(row, error.message, reply=reply)
            return admission.events_wait()
        with self._lock:
            busy = request_id in self._running
            if not busy:
                self._running[request_id] = leased
        if busy:
            self.pool.abandon(leased)
            return False
        turn, returned = leased.turn, False
        try:
            events_wait = self._run_leased(request_id, leased, reply)
            returned = True
            return events_wait
        finally:
            if not returned:
                self.pool.reclaim(leased, turn)
            self.leases.drop(request_id)
            with self._lock:
                self._running.pop(request_id, None)

    def _run_leased(self, request_id: str, leased: Leased, reply: str) -> bool:
        row = self._claim(request_id, leased)
        if row is None:
            self.pool.abandon(leased)
            return False
        recorder = Recorder(
            request_id=request_id,
            log=leased.log,
            announcer=self._announcer,
            after=row.last_sequence,
            quiet_s=QUIET_S if reply else 0.0,
        )
        self.leases.hold(
            request_id=request_id, account_id=row.account_id, function_arn=row.function_arn
        )
        recorder.state(State.RUNNING)
        if row.stop_requested_at is not None or self.closing:
            leased.environment.stop(request_id)
        try:
            outcome = self._invoke(row, leased, recorder)
        except RunnerError as error:
            logger.warning("%s: %s %s", request_id, error.message, error.detail)
            self.pool.give_back(leased, reusable=False)
            endings.lose(row, error.message, held_by=self.owner, reply=reply)
            return admission.events_wait()
        if self.closing and outcome.state is State.STOPPED:
            self.pool.give_back(leased, reusable=False)
            endings.lose(row, endings.RUNNER_STOPPED, held_by=self.owner, reply=reply)
            return False
        _write_end(row, outcome, recorder)
        _fill(row, outcome, recorder)
        self.pool.give_back(leased, reusable=outcome.reusable)
        return self._finish(row, outcome, recorder, reply)

    def _claim(self, request_id: str, leased: Leased) -> Invocation | None:
        now = timezone.now()
        return states.claim(
            request_id=request_id,
            lease_owner=self.owner,
            lease_expires_at=states.lease_until(now),
            started_at=now,
            cold=leased.cold,
            backend=leased.environment.backend,
            log_file=leased.log.name,
            log_offset=leased.log.size,
        )

    def _invoke(self, row: Invocation, leased: Leased, recorder: Recorder) -> Outcome:
        request_id = str(row.request_id)
        call = Call(
            request_id=request_id,
            event=bytes(row.payload.event),
            arn=_invoked_arn(row),
            timeout_s=leased.spec.timeout_s,
            trace_id=row.trace_id,
        )
        start = report.start_line(request_id=request_id, version=row.version)
        return leased.environment.invoke(
            call, receive=recorder.printed, started=lambda: recorder.platform(start)
        )

    def _finish(self, row: Invocation, outcome: Outcome, recorder: Recorder, reply: str) -> bool:
        """Store how it ended, then say so; whether events wait for its place."""
        if not endings.store(row, outcome.payload, before=State.RUNNING, held_by=self.owner):
            return admission.events_wait()
        result = of_row(row, outcome.payload, tail=recorder.tail)
        return endings.tell(row, result, reply=reply)


def _fill(row: Invocation, outcome: Outcome, recorder: Recorder) -> None:
    limit = outcome.limit or (Limit.LOG_SIZE if recorder.truncated else None)
    row.state = outcome.state
    row.finished_at = timezone.now()
    row.duration_ms = round(outcome.duration_ms, 2)
    row.init_ms = round(outcome.init_ms, 2) if outcome.init_ms is not None else None
    row.billed_ms = _billed(outcome)
    row.max_memory_mb = outcome.max_memory_mb
    row.function_error = outcome.function_error
    row.error_type = outcome.error_type[:128]
    row.error_message = outcome.error_message[:512]
    row.limit = str(limit) if limit else ""
    row.log_length = recorder.length
    row.last_sequence = recorder.sequence + 1


def _invoked_arn(row: Invocation) -> str:
    plain = row.qualifier in ("", "$LATEST", "draft")
    return row.function_arn if plain else f"{row.function_arn}:{row.qualifier}"


def _billed(outcome: Outcome) -> int:
    return report.billed_ms(duration_ms=outcome.duration_ms, init_ms=outcome.init_ms)


def _write_end(row: Invocation, outcome: Outcome, recorder: Recorder) -> None:
    request_id = str(row.request_id)
    text = TRUNCATED if recorder.truncated else ""
    text += outcome.log_line
    text += report.end_line(request_id=request_id)
    text += report.report_line(
        request_id=request_id,
        duration_ms=outcome.duration_ms,
        billed_ms=_billed(outcome),
        memory_mb=row.memory_mb,
        max_memory_mb=outcome.max_memory_mb,
        init_ms=outcome.init_ms,
        status=outcome.status,
    )
    recorder.platform(text)


def _allow_many_files() -> None:
    """A sandbox holds a handful of descriptors; the usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 65_536
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, 65_536), hard))


_lock = threading.Lock()
_current: Node | None = None


def install(make: Callable[[], Node]) -> Node:
    """Start this process's runner, unless it has one."""
    global _current
    with _lock:
        if _current is None:
            _current = make()
        return _current


def current() -> Node | None:
    """This process's runner, if it has one."""
    return _current


def uninstall() -> None:
    """End this process's runner. Twice is fine."""
    global _current
    with _lock:
        node, _current = _current, None
    if node is not None:
        node.close()
