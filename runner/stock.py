"""Prepared sandboxes, kept ready by interpreter, and the choice of backend.

Backends are asked in the order of the settings; the first that is usable and
has an interpreter for a runtime's name serves it. The newest interpreter of
each language is kept in stock from the start, others once they were asked
for and until they have not been for a while.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from runner.errors import NoBackend, RunnerError, RuntimeNotSupported
from runner.runtimes import Interpreter
from runner.sandboxes.base import Backend, Sandbox

logger = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
FAILED_PAUSE_S = 10.0
STARTS_AT_ONCE = max(2, (os.cpu_count() or 2) * 2)

Resolve = Callable[[str, Sequence[Interpreter]], Interpreter | None]
Kind = tuple[str, Interpreter]


class Stock:
    """See the module. Every method may be called from any thread."""

    def __init__(
        self, *, backends: Sequence[Backend], resolve: Resolve, each: int, idle_s: float
    ) -> None:
        self._backends = {backend.name: backend for backend in backends}
        self._resolve = resolve
        self.each = each
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._first = threading.Lock()
        self._starting = threading.BoundedSemaphore(STARTS_AT_ONCE)
        self._ready: dict[Kind, deque[Sandbox]] = {}
        self._asked: dict[Kind, float] = {}
        self._paused_until = 0.0
        self._looked = False
        self._problems: dict[str, str] = {}
        self._interpreters: dict[str, tuple[Interpreter, ...]] = {}
        self.last_taken = 0.0

    def choose(self, runtime: str) -> tuple[Backend, Interpreter]:
        """Who serves a runtime's name. Raises NoBackend or RuntimeNotSupported."""
        self._look_once()
        for name, backend in self._backends.items():
            interpreter = self._resolve(runtime, self._interpreters.get(name, ()))
            if interpreter is not None:
                return backend, interpreter
        usable = [name for name in self._backends if not self._problems.get(name)]
        if not usable:
            raise NoBackend(self.problem())
        raise RuntimeNotSupported(
            f"Nothing installed here runs {runtime!r}. Choose another runtime, or install "
            "its interpreter on this machine."
        )

    def problem(self) -> str:
        """Why nothing can isolate here; "" when something can."""
        self._look_once()
        told = [f"{name}: {text}" for name, text in self._problems.items() if text]
        if len(told) < len(self._backends):
            return ""
        return " ".join(["Nothing on this machine can isolate a function.", *told])

    def describe(self) -> list[dict[str, object]]:
        """Each backend with its problem and interpreters, for the home page."""
        self._look_once()
        return [
            {
                "name": name,
                "problem": self._problems.get(name, ""),
                "interpreters": [
                    {"language": i.language, "version": i.version, "path": i.path, "home": i.home}
                    for i in self._interpreters.get(name, ())
                ],
            }
            for name in self._backends
        ]

    def look(self) -> None:
        """Ask the backends again: images get built, engines come up.

        An engine that hangs takes a minute to answer: only the first caller of
        all waits for it. Everybody else goes by what was known last.
        """
        with self._looking:
            for name, backend in self._backends.items():
                problem = backend.problem()
                self._interpreters[name] = () if problem else backend.interpreters()
                self._problems[name] = problem
            self._looked = True

    def keep_looking(self, ended: threading.Event) -> None:
        """Look every few seconds in a thread of its own, in nobody's way."""

        def work() -> None:
            while not ended.wait(LOOK_AGAIN_S):
                try:
                    self.look()
                except (RunnerError, OSError):
                    logger.warning("looking at the backends failed", exc_info=True)

        threading.Thread(target=work, name="stock-look", daemon=True).start()

    def take(
        self,
        backend: Backend,
        interpreter: Interpreter,
        *,
        start_environment: Mapping[str, str] | None = None,
    ) -> Sandbox:
        """A prepared sandbox, from stock when there is one. Raises SandboxFailed."""
        kind = (backend.name, interpreter)
        if not start_environment:
            self.last_taken = time.monotonic()
            while (sandbox := self._pop(kind)) is not None:
                if sandbox.alive():
                    return sandbox
                sandbox.stop()
        with self._starting:
            return backend.prepare(interpreter, start_environment=start_environment)

    def missing(self) -> list[Kind]:
        """What is to be prepared, one entry a sandbox."""
        if time.monotonic() < self._paused_until:
            return []
        self._look_once()
        with self._lock:
            now = time.monotonic()
            wanted = set(self._defaults())
            wanted |= {kind for kind, at in self._asked.items() if now - at < self._idle_s}
            lists = {kind: self.each - len(self._ready.get(kind, ())) for kind in wanted}
        order = sorted(lists, key=lambda kind: -lists[kind])
        return [kind for turn in range(self.each) for kind in order if lists[kind] > turn]

    def prepare(self, kind: Kind) -> None:
        """Add one sandbox to the stock; a failure is logged and pauses refilling."""
        name, interpreter = kind
        try:
            sandbox = self._backends[name].prepare(interpreter)
        except RunnerError as error:
            logger.warning(
                "could not prepare %s %s in %s: %s %s",
                interpreter.language,
                interpreter.version,
                name,
                error.message,
                error.detail,
            )
            self._paused_until = time.monotonic() + FAILED_PAUSE_S
            return
        with self._lock:
            self._ready.setdefault(kind, deque()).append(sandbox)

    def unwanted(self) -> list[Sandbox]:
        """Take out what died, and what nobody has asked for in a while."""
        found: list[Sandbox] = []
        now = time.monotonic()
        with self._lock:
            keep = set(self._defaults())
            for kind, ready in self._ready.items():
                stale = kind not in keep and now - self._asked.get(kind, 0.0) > self._idle_s
                for sandbox in list(ready):
                    if stale or not sandbox.alive():
                        ready.remove(sandbox)
                        found.append(sandbox)
        return found

    def count(self) -> int:
        """How many are ready."""
        with self._lock:
            return sum(len(ready) for ready in self._ready.values())

    def empty(self) -> list[Sandbox]:
        """Take out all of them."""
        with self._lock:
            found = [sandbox for ready in self._ready.values() for sandbox in ready]
            self._ready.clear()
        return found

    def _pop(self, kind: Kind) -> Sandbox | None:
        with self._lock:
            self._asked[kind] = time.monotonic()
            ready = self._ready.get(kind)
            return ready.popleft() if ready else None

    def _defaults(self) -> list[Kind]:
        """The newest interpreter of each language, in the first backend that has it."""
        found: dict[str, Kind] = {}
        for name, interpreters in self._interpreters.items():
            for interpreter in sorted(interpreters, key=_age, reverse=True):
                found.setdefault(interpreter.language, (name, interpreter))
        return list(found.values())

    def _look_once(self) -> None:
        """Before anything is known there is nothing to go by."""
        if self._looked:
            return
        with self._first:
            if not self._looked:
                self.look()


def _age(interpreter: Interpreter) -> tuple[int, ...]:
    return tuple(int(part) for part in interpreter.version.split(".") if part.isdigit())
