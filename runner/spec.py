"""The values that cross the runner's door: plain, frozen, no Django.

Units are in the names: `_mb` is MiB, `_s` seconds, `_ms` milliseconds.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SYNC_PAYLOAD_LIMIT = 6_291_456
"""Largest event of a synchronous call, bytes (AWS quotas page)."""
RESPONSE_LIMIT = 6_291_556
"""Largest response, bytes: AWS's own message names this number."""
LOG_TAIL_BYTES = 4_096
"""How much of a log's end a result carries, as AWS's LogType=Tail."""
ASYNC_PAYLOAD_LIMIT = 262_144
"""Largest event of an asynchronous call, bytes."""

MEMORY_MB = range(128, 10_241)
TIMEOUT_S = range(1, 901)
TMP_MB = range(512, 10_241)


class InvocationType(StrEnum):
    """How the caller wants to be answered (AWS's X-Amz-Invocation-Type)."""

    REQUEST_RESPONSE = "RequestResponse"
    EVENT = "Event"


class State(StrEnum):
    """Where an invocation stands. Moves are in `models.MOVES`, made by one function."""

    PENDING = "pending"  # recorded and enqueued, nobody has taken it
    RUNNING = "running"  # a runner holds its lease
    SUCCEEDED = "succeeded"  # the function answered
    FAILED = "failed"  # the function failed: error, timeout, crash, limit
    STOPPED = "stopped"  # a person pressed Stop
    LOST = "lost"  # the runner died or our machinery failed; not the function's fault


FINAL_STATES = frozenset({State.SUCCEEDED, State.FAILED, State.STOPPED, State.LOST})


class Limit(StrEnum):
    """Which limit ended an invocation; the page says it in words."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    PROCESSES = "processes"
    TMP = "tmp"
    RESPONSE_SIZE = "response_size"
    LOG_SIZE = "log_size"


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One version of one function, frozen: all that running it needs.

    `code`, `dependencies` and `layers` are tree digests of `runner.code`.
    `environment` holds the user's variables in clear: it is stored encrypted
    and never in an invocation's record. `draft` marks files not yet deployed;
    such a run still sees "$LATEST" as its version, as the function would.
    """

    account_id: str
    region: str
    function_name: str
    version: str
    runtime: str
    handler: str
    code: str
    memory_mb: int = 128
    timeout_s: int = 3
    tmp_mb: int = 512
    dependencies: str = ""
    layers: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    draft: bool = False
    reserved_concurrency: int | None = None

    @property
    def function_arn(self) -> str:
        """The unqualified ARN: one function, whatever the version."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{self.function_name}"

    def digest(self) -> str:
        """SHA-256 over every field: equal specs may share a warm sandbox."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["environment"] = dict(self.environment)
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """How one invocation ended.

    `payload` is the response, or the error object of AWS's shape
    ({"errorMessage", "errorType", "requestId", "stackTrace"}) when
    `function_error` is "Unhandled". For a LOST one it says what happened.
    `init_ms` is set only on a cold start. `log_tail` is the last 4 KB.
    """

    request_id: str
    state: State
    executed_version: str
    draft: bool
    payload: bytes
    function_error: str
    error_type: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None
    cold: bool
    limit: Limit | None
    log_tail: bytes
    backend: str


@dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """A runtime name as a form shows it: what was asked and what really runs."""

    name: str  # "python3.12"
    language: str  # "python", "node"
    label: str  # "Python 3.12"
    interpreter: str  # "Python 3.11.2": what will run, "" when nothing does
    backends: tuple[str, ...]
    deprecated: bool
