"""Warm environments: leases, eviction, the node's memory budget.

Policy stands here, mechanism in `environment` and `stock`. An environment is
in exactly one place: leased (to one invocation), warm, or on its way out. A
background thread refills the stock, ends what is idle or superseded, and
sleeps otherwise.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from runner import logs
from runner.code import CodeStore
from runner.environment import Environment
from runner.errors import NoRoom, RunnerError
from runner.leased import Leased, Limits
from runner.logs import LogFile
from runner.output import Pump
from runner.runtime_api.session import Server
from runner.runtimes.environment import lambda_environment, start_environment
from runner.sandboxes.base import Assignment, Sandbox
from runner.sandboxes.volumes import LeftVolumes, Volume, Volumes
from runner.spec import TMP_MB, FunctionSpec
from runner.stock import Stock

logger = logging.getLogger(__name__)

REFILL_DELAY_S = 0.05
"""The stock is refilled once no sandbox was taken for this long: a start in progress goes first."""
PREPARED_MB = 16
SPARE_MB = min(TMP_MB)
"""Volumes of this size are made ahead: what functions have unless they ask for more."""
LOOK_S = 5.0


class Pool:
    """See the module. `close` leaves no sandbox and no volume."""

    def __init__(
        self,
        *,
        stock: Stock,
        server: Server,
        pump: Pump,
        code: CodeStore,
        log_store: Path,
        volumes: Volumes,
        limits: Limits,
    ) -> None:
        self.stock = stock
        self._server = server
        self._pump = pump
        self._code = code
        self._log_store = log_store
        self._volumes = volumes
        self._limits = limits
        self._wake = threading.Condition()
        self._warm: list[Leased] = []
        self._leased: set[Leased] = set()
        self._spare: deque[Volume] = deque()
        self._promised_mb = 0
        self._waiting = 0
        self._left_tmp = LeftVolumes()
        self._trash: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._keep_house, name="pool", daemon=True)
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to fill the stock in the background."""
        self._thread.start()
        self.stock.keep_looking(self._ended)

    def lease(self, spec: FunctionSpec, digest: str) -> Leased:
        """An environment for one invocation, warm or not yet started; it takes no time.

        It waits only where what is leased leaves no room. Raises NoBackend or
        RuntimeNotSupported when nothing can serve it, NoRoom when there is
        none in time.
        """
        with self._wake:
            self._drop_superseded(spec, digest)
            self._await_room(spec.memory_mb)
            while (warm := self._newest(digest)) is not None:
                if warm.environment.usable():
                    warm.turn += 1
                    self._leased.add(warm)
                    return warm
                self._discard(warm)
            self._promised_mb += spec.memory_mb
        leased = None
        try:
            leased = self._new(spec, digest)
        finally:
            with self._wake:
                self._promised_mb -= spec.memory_mb
                if leased is not None:
                    self._make_room(spec.memory_mb)
                    self._leased.add(leased)
        return leased

    def give_back(self, leased: Leased, *, reusable: bool) -> None:
        """End a lease. What is not reusable is destroyed; its /tmp waits for a successor."""
        if reusable:
            try:
                leased.environment.rest()
            except RunnerError as error:
                logger.warning("could not freeze: %s %s", error.message, error.detail)
                reusable = False
        leased.cold = False
        leased.used_at = time.monotonic()
        with self._wake:
            self._leave(leased)
            if reusable and not self._closed:
                self._warm.append(leased)
                return
            leased.log.close()
            self._trash.put(leased.environment.end)
            for volume in self._left_tmp.add(leased.digest, leased.volume, at=leased.used_at):
                self._trash.put(partial(self._volumes.remove, volume))
            self._wake.notify_all()

    def reclaim(self, leased: Leased, turn: int) -> None:
        """Destroy what the lease of that turn still holds: its holder failed to give it back."""
        with self._wake:
            if leased not in self._leased or leased.turn != turn:
                return
        self.give_back(leased, reusable=False)

    def abandon(self, leased: Leased) -> None:
        """Give back a lease that was not used after all."""
        if leased.cold:
            self.give_back(leased, reusable=False)
            return
        with self._wake:
            self._leave(leased)
            self._warm.append(leased)

    def counts(self) -> dict[str, int]:
        """How many environments run, are warm, or are prepared."""
        with self._wake:
            return {
                "running": len(self._leased),
                "warm": len(self._warm),
                "prepared": self.stock.count(),
            }

    def close(self) -> None:
        """End everything. Invocations under way lose their sandbox."""
        with self._wake:
            if self._closed:
                return
            self._closed = True
            self._ended.set()
            everything = [*self._warm, *self._leased]
            self._warm.clear()
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        ends: list[Callable[[], None]] = [one.environment.end for one in everything]
        ends += [sandbox.stop for sandbox in self.stock.empty()]
        _all_at_once(ends)
        self._empty_trash()
        self._volumes.close()

    # -- policy; called with the lock held

    def _newest(self, digest: str) -> Leased | None:
        for position in range(len(self._warm) - 1, -1, -1):
            if self._warm[position].digest == digest:
                return self._warm.pop(position)
        return None

    def _drop_superseded(self, spec: FunctionSpec, digest: str) -> None:
        version = (spec.function_arn, spec.version, spec.draft)
        for warm in [w for w in self._warm if w.version == version and w.digest != digest]:
            self._warm.remove(warm)
            self._discard(warm)

    def _leave(self, leased: Leased) -> None:
        self._leased.discard(leased)
        if self._waiting:
            self._wake.notify_all()

    def _await_room(self, needed_mb: int) -> None:
        """Wait until the leased and the new one are configured with no more than may be."""
        most = self._limits.leased_mb

        def fits() -> bool:
            leased = sum(one.spec.memory_mb for one in self._leased)
            return self._closed or leased + self._promised_mb + needed_mb <= most

        if fits():
            return
        self._waiting += 1
        try:
            patience = self._limits.room_patience_s if needed_mb <= most else 0
            if not self._wake.wait_for(fits, patience):
                raise NoRoom(
                    f"This machine has no room for a function of {needed_mb:,} MB now: what runs "
                    f"at once may be configured with {most:,} MB. Run it again later or give it "
                    "less memory. An administrator can raise VIRGA_MEMORY_MB or "
                    "VIRGA_MEMORY_OVERCOMMIT."
                )
        finally:
            self._waiting -= 1

    def _make_room(self, needed_mb: int) -> None:
        """End the least recently used warm ones until the new one fits the budget."""
        used = sum(one.spec.memory_mb for one in self._leased)
        used += PREPARED_MB * self.stock.count() + sum(_kept_mb(w) for w in self._warm)
        by_age = sorted(self._warm, key=lambda warm: warm.used_at)
        for warm in by_age:
            if used + needed_mb <= self._limits.memory_mb:
                return
            self._warm.remove(warm)
            used -= _kept_mb(warm)
            self._discard(warm)

    def _discard(self, leased: Leased) -> None:
        """Destroy in the background, with its volume."""
        leased.log.close()

        def destroy() -> None:
            leased.environment.end()
            self._volumes.remove(leased.volume)

        self._trash.put(destroy)
        self._wake.notify_all()

    # -- making one

    def _new(self, spec: FunctionSpec, digest: str) -> Leased:
        backend, interpreter = self.stock.choose(spec.runtime)
        name = logs.stream_name(
            account_id=spec.account_id, function_name=spec.function_name, version=spec.version
        )
        variables = lambda_environment(
            spec, interpreter=interpreter, log_stream=name.split("/", 2)[2]
        )
        at_start = start_environment(spec.environment)

        def obtain() -> Sandbox:
            sandbox = self.stock.take(backend, interpreter, start_environment=at_start or None)
            with self._wake:
                self._wake.notify_all()
            return sandbox

        volume = self._tmp_for(digest, spec.tmp_mb)
        assignment = Assignment(
            code=self._code.checkout(spec.code),
            handler=spec.handler,
            environment=variables,
            memory_mb=spec.memory_mb,
            tmp=volume.path,
            dependencies=self._code.checkout(spec.dependencies) if spec.dependencies else None,
            layers=tuple(self._code.checkout(layer) for layer in spec.layers),
        )
        environment = Environment(
            obtain=obtain,
            assignment=assignment,
            server=self._server,
            pump=self._pump,
            backend=backend.name,
        )
        return Leased(spec, digest, environment, LogFile(self._log_store, name), volume)

    def _tmp_for(self, digest: str, size_mb: int) -> Volume:
        """The /tmp that a crashed predecessor of the same spec left, or an empty one."""
        with self._wake:
            left = self._left_tmp.take(digest)
            if left is not None:
                return left
            if size_mb == SPARE_MB and self._spare:
                return self._spare.popleft()
        return self._volumes.take(size_mb)

    # -- the background thread

    def _keep_house(self) -> None:
        while not self._closed:
            try:
                self._empty_trash()
                self._end_idle()
                busy = self._refill()
            except Exception:  # the pool reaper: one bad sandbox must not end the keeping of all
                logger.exception("keeping house failed")
                busy = False
            with self._wake:
                if not self._closed and self._trash.empty():
                    self._wake.wait(REFILL_DELAY_S if busy else LOOK_S)

    def _empty_trash(self) -> None:
        while True:
            try:
                destroy = self._trash.get_nowait()
            except queue.Empty:
                return
            destroy()

    def _end_idle(self) -> None:
        oldest = time.monotonic() - self._limits.warm_idle_s
        with self._wake:
            for warm in [w for w in self._warm if w.used_at < oldest]:
                self._warm.remove(warm)
                self._discard(warm)
            for volume in self._left_tmp.take_older(oldest):
                self._trash.put(partial(self._volumes.remove, volume))
        for sandbox in self.stock.unwanted():
            sandbox.stop()

    def _refill(self) -> bool:
        """Prepare one sandbox, if it is time; whether there is more to do soon."""
        missing = self.stock.missing()
        short = len(self._spare) < self.stock.each
        if not missing and not short:
            return False
        if time.monotonic() - self.stock.last_taken < REFILL_DELAY_S:
            return True
        if short:
            self._spare.append(self._volumes.take(SPARE_MB))
            return True
        with self._wake:
            used = sum(one.spec.memory_mb for one in self._leased)
            used += sum(_kept_mb(warm) for warm in self._warm)
        if used + PREPARED_MB * (self.stock.count() + 1) > self._limits.memory_mb:
            return False
        before = self.stock.count()
        self.stock.prepare(missing[0])
        return len(missing) > 1 and self.stock.count() > before


def _kept_mb(warm: Leased) -> int:
    """What a frozen environment holds: what it was seen to use, at least a prepared one's."""
    return max(PREPARED_MB, min(warm.environment.peak_mb, warm.spec.memory_mb))


def _all_at_once(ends: list[Callable[[], None]]) -> None:
    """Run a few at a time: ending a container takes 100 ms, and there may be many."""
    todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    for end in ends:
        todo.put(end)

    def work() -> None:
        while not todo.empty():
            try:
                end = todo.get_nowait()
            except queue.Empty:
                return
            end()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(8, len(ends)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=15)
