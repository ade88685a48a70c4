"""An environment as the pool hands it out, and how much the pool may hand out."""

import time
from dataclasses import dataclass

from runner.environment import Environment
from runner.logs import LogFile
from runner.sandboxes.volumes import Volume
from runner.spec import FunctionSpec

ROOM_PATIENCE_S = 20.0
"""How long a lease waits for room: less than a call waits before it is enqueued again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the pool may keep, and lease at once.

    Leased environments may be configured with `overcommit` times the memory
    together: most functions use a fraction of their limit.
    """

    memory_mb: int
    warm_idle_s: float
    overcommit: float = 4.0
    room_patience_s: float = ROOM_PATIENCE_S

    @property
    def leased_mb(self) -> int:
        """What the leased may be configured with together."""
        return int(self.memory_mb * self.overcommit)


class Leased:
    """An environment as the pool hands it out: with its log stream and spec."""

    def __init__(
        self,
        spec: FunctionSpec,
        digest: str,
        environment: Environment,
        log: LogFile,
        volume: Volume,
    ) -> None:
        self.spec = spec
        self.digest = digest
        self.environment = environment
        self.log = log
        self.volume = volume
        self.cold = True
        self.turn = 1
        self.used_at = time.monotonic()

    @property
    def version(self) -> tuple[str, str, bool]:
        """Which version it serves; a new spec of the same version supersedes it."""
        return self.spec.function_arn, self.spec.version, self.spec.draft
