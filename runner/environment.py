"""One sandbox and its Runtime API session: states, deadline, outcome.

    NEW --invoke--> BUSY --answered--> IDLE (frozen) --invoke--> BUSY
                      |                  |
                      +-- timeout, exit, stop, failed start, evicted --> ENDED

An environment serves one version of one function. It is leased to one
invocation at a time by the pool. What the function does wrong is an Outcome;
what our machinery does wrong is raised as SandboxFailed, and the environment
has ended then.
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from enum import StrEnum
from typing import Any

from runner.errors import SandboxFailed
from runner.outcome import Call, Outcome, answered, exited, init_failed, stopped, timed_out
from runner.output import Pump, Receive, Source
from runner.runtime_api.session import Answer, Event, InitError, Server, Session
from runner.runtimes.line_ends import LineEnds
from runner.sandboxes.base import Assignment, Sandbox, Usage
from runner.spec import Limit

INIT_LIMIT_S = 10.0
"""Lambda's limit of the init phase; after it, the init runs again inside the invocation."""
POLL_S = (0.05, 0.5)
EXIT_CODE_WAIT_S = 0.3
REFUSED_WAIT_S = 3.0
"""A response that is refused (413) ends the runtime of some languages, and not of others."""


class Phase(StrEnum):
    """Where an environment stands."""

    NEW = "new"
    BUSY = "busy"
    IDLE = "idle"
    ENDED = "ended"


PHASE_MOVES: dict[Phase, frozenset[Phase]] = {
    Phase.NEW: frozenset({Phase.BUSY, Phase.ENDED}),
    Phase.BUSY: frozenset({Phase.IDLE, Phase.ENDED}),
    Phase.IDLE: frozenset({Phase.BUSY, Phase.ENDED}),
    Phase.ENDED: frozenset({Phase.ENDED}),
}


class _Why(StrEnum):
    """Why waiting ended."""

    DONE = "done"
    EXITED = "exited"
    STOPPED = "stopped"
    TIMEOUT = "timeout"


class Environment:
    """See the module. `obtain` gives a prepared sandbox; it is called once per (re)start."""

    def __init__(
        self,
        *,
        obtain: Callable[[], Sandbox],
        assignment: Assignment,
        server: Server,
        pump: Pump,
        backend: str,
    ) -> None:
        self.assignment = assignment
        self.backend = backend
        self.phase = Phase.NEW
        self.peak_mb = 0
        self._obtain = obtain
        self._server = server
        self._pump = pump
        self._lock = threading.Lock()
        self._inbox: queue.SimpleQueue[tuple[_Why, object]] = queue.SimpleQueue()
        self._sandbox: Sandbox | None = None
        self._session: Session | None = None
        self._source: Source | None = None
        self._receive: Receive | None = None
        self._line_ends = LineEnds()
        self._call_id = ""
        self._stop_asked = ""

    # -- what the pool and the runner call

    def invoke(self, call: Call, *, receive: Receive, started: Callable[[], None]) -> Outcome:
        """Run one event to its end. `started` is called when the function is given it.

        `receive` gets what it prints, all of it before this returns. After
        an outcome that is not `reusable` the environment has ended. Raises
        SandboxFailed when the sandbox could not be had.
        """
        self._move(Phase.BUSY)
        self._receive = receive
        with self._lock:
            self._inbox = queue.SimpleQueue()
            self._call_id = call.request_id
            if self._stop_asked == call.request_id:
                self._inbox.put((_Why.STOPPED, None))
        outcome: Outcome | None = None
        init_ms: float | None = None
        try:
            if self._sandbox is None:
                outcome, init_ms = self._initialise(call, started)
            else:
                self._sandbox.thaw()
            if outcome is None:
                outcome = self._run(call, init_ms, started)
        finally:
            if outcome is None or not outcome.reusable:
                self.end()
            elif self._source is not None:
                self._pump.drain(self._source)
            self._receive = None  # what it prints from here on belongs to no invocation
        return outcome

    def rest(self) -> None:
        """Freeze after an invocation; from now on it may be leased again."""
        sandbox = self._sandbox
        if sandbox is None:
            raise SandboxFailed("The sandbox ended before it could be frozen.")
        sandbox.freeze()
        self._move(Phase.IDLE)

    def stop(self, request_id: str) -> None:
        """Ask one invocation to end as STOPPED, running or about to. From any thread.

        It names the invocation, since the next one may be running already.
        """
        with self._lock:
            self._stop_asked = request_id
            if self._call_id == request_id:
                self._inbox.put((_Why.STOPPED, None))

    def usable(self) -> bool:
        """Whether it is idle and its runtime still lives.

        It may have been frozen before its runtime asked for the next event;
        thawed, it will ask.
        """
        return self.phase is Phase.IDLE and self._sandbox is not None and self._sandbox.alive()

    def end(self) -> None:
        """Destroy the sandbox. Twice is fine. The /tmp volume stays: it is the pool's."""
        with self._lock:
            self.phase = Phase.ENDED
            sandbox, self._sandbox = self._sandbox, None
            session, self._session = self._session, None
            source, self._source = self._source, None
        self._destroy(sandbox, session, source)

    # -- inside an invocation

    def _move(self, phase: Phase) -> None:
        with self._lock:
            if phase not in PHASE_MOVES[self.phase]:
                raise SandboxFailed(
                    "The sandbox ended.", detail=f"{self.phase} to {phase} is no move"
                )
            self.phase = phase

    def _boot(self) -> tuple["Future[InitError | None]", float]:
        """Start a sandbox; what resolves when it has initialised, and when it began to."""
        sandbox = self._obtain()
        self._sandbox = sandbox
        self._line_ends = LineEnds()
        self._session = self._server.open(sandbox.listener)
        self._source = self._pump.add(
            sandbox.output, self._on_output, lambda: self._inbox.put((_Why.EXITED, sandbox))
        )
        began = time.monotonic()
        sandbox.assign(self.assignment)
        return self._session.initialised, began

    def _reboot(self) -> tuple["Future[InitError | None]", float]:
        sandbox, session, source = self._sandbox, self._session, self._source
        self._sandbox = self._session = self._source = None
        self._destroy(sandbox, session, source)
        return self._boot()

    def _destroy(
        self, sandbox: Sandbox | None, session: Session | None, source: Source | None
    ) -> None:
        """End the parts of a start in their order: what was printed is heard first."""
        if source is not None:
            self._pump.drain(source)
            self._pump.remove(source)
        if session is not None:
            session.close()
        if sandbox is not None:
            sandbox.stop()

    def _initialise(
        self, call: Call, started: Callable[[], None]
    ) -> tuple[Outcome | None, float | None]:
        """Start and wait until the runtime asks for an event; an outcome if it never does."""
        initialised, began = self._boot()
        why = self._wait(initialised, began + INIT_LIMIT_S)
        spent = 0.0
        if why is _Why.TIMEOUT:
            initialised, began = self._reboot()
            why = self._wait(initialised, began + call.timeout_s)
            spent = _ms_since(began)
        init_ms = _ms_since(began)
        error = initialised.result() if why is _Why.DONE else None
        if why is _Why.DONE and error is None:
            self._usage()
            if self._sandbox is not None:
                self._sandbox.thaw()  # from here on it has its memory's share of CPU
            return None, init_ms
        started()
        if error is not None:
            return init_failed(error, init_ms=init_ms, usage=self._usage()), None
        return self._broken(why, call, duration_ms=spent, init_ms=init_ms), None

    def _run(self, call: Call, init_ms: float | None, started: Callable[[], None]) -> Outcome:
        if self._session is None:
            raise SandboxFailed("The sandbox ended.")
        started()
        deadline_ms = int((time.time() + call.timeout_s) * 1000)
        began = time.monotonic()
        future = self._session.invoke(
            Event(
                request_id=call.request_id,
                body=call.event,
                deadline_ms=deadline_ms,
                invoked_arn=call.arn,
                trace_id=call.trace_id,
                client_context=call.client_context,
            )
        )
        why = self._wait(future, began + call.timeout_s)
        duration_ms = _ms_since(began)
        if why is not _Why.DONE:
            return self._broken(why, call, duration_ms=duration_ms, init_ms=init_ms)
        try:
            answer: Answer = future.result()
        except (ConnectionError, CancelledError):
            return self._broken(_Why.EXITED, call, duration_ms=duration_ms, init_ms=init_ms)
        outcome = answered(answer, duration_ms=duration_ms, init_ms=init_ms, usage=self._usage())
        goes_on = not answer.too_large or self._asks_again(self._session)
        return outcome if goes_on else replace(outcome, reusable=False)

    def _asks_again(self, session: Session) -> bool:
        """Wait until it is known whether a runtime goes on after its response was refused.

        Told in time, or its end would be the next caller's.
        """
        until = time.monotonic() + REFUSED_WAIT_S
        while time.monotonic() < until and self._sandbox is not None and self._sandbox.alive():
            if session.idle():
                return True
            time.sleep(0.005)
        return False

    def _broken(
        self, why: _Why, call: Call, *, duration_ms: float, init_ms: float | None
    ) -> Outcome:
        if why is _Why.STOPPED:
            return stopped(call, duration_ms=duration_ms, init_ms=init_ms, usage=self._usage())
        if why is _Why.TIMEOUT:
            return timed_out(call, init_ms=init_ms, usage=self._usage())
        return exited(call, duration_ms=duration_ms, init_ms=init_ms, usage=self._final_usage())

    def _wait(self, future: "Future[Any]", deadline: float) -> _Why:
        """Sleep until the future is done, the runtime has exited, Stop or the deadline."""
        future.add_done_callback(lambda done: self._inbox.put((_Why.DONE, done)))
        poll = POLL_S[0]
        while True:
            left = deadline - time.monotonic()
            try:
                why, about = self._inbox.get(timeout=max(0.0, min(poll, left)))
            except queue.Empty:
                if left <= poll and time.monotonic() >= deadline:
                    return _Why.TIMEOUT
                poll = min(poll * 2, POLL_S[1])
                if self._sandbox is not None and not self._sandbox.alive():
                    return _Why.DONE if future.done() else _Why.EXITED
                continue
            if why is _Why.STOPPED:
                return why
            if why is _Why.DONE and about is future:
                return why
            if why is _Why.EXITED and about is self._sandbox:
                return _Why.DONE if future.done() else why

    def _on_output(self, text: bytes) -> bool:
        receive = self._receive
        lines = self._line_ends.feed(text)
        return receive(lines) if receive is not None and lines else True

    def _usage(self) -> Usage:
        usage = self._sandbox.usage() if self._sandbox is not None else Usage(0)
        # Forked processes share pages, which are counted for each: never more than there is.
        usage = replace(usage, peak_mb=min(usage.peak_mb, self.assignment.memory_mb))
        self.peak_mb = max(self.peak_mb, usage.peak_mb)
        return usage

    def _final_usage(self) -> Usage:
        """Usage once the exit code is known: output may end a little before the process does.

        The dead use nothing, so the peak is what was last seen of it.
        """
        until = time.monotonic() + EXIT_CODE_WAIT_S
        usage = self._usage()
        while usage.exit_code is None and time.monotonic() < until:
            time.sleep(0.01)
            usage = self._usage()
        known = self.assignment.memory_mb if usage.limit is Limit.MEMORY else self.peak_mb
        return replace(usage, peak_mb=max(usage.peak_mb, known))


def _ms_since(moment: float) -> float:
    return (time.monotonic() - moment) * 1000
