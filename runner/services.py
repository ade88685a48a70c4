"""The runner's only door. See each function for what it refuses."""

from collections.abc import Mapping
from datetime import datetime

from runner.models import Build, Invocation
from runner.spec import FunctionSpec, InvocationResult, InvocationType, RuntimeInfo


def start_invocation(
    *,
    spec: FunctionSpec,
    event: bytes,
    caller: str,
    qualifier: str,
    invocation_type: InvocationType = InvocationType.REQUEST_RESPONSE,
    request_id: str = "",
    label: str = "",
    trace_id: str = "",
) -> str:
    """Record an invocation, admit it and enqueue it on commit; its request id.

    `caller` is who or what called, as shown in the list ("user:alice").
    `label` is the test event's name, if it had one. Refuses with
    PayloadTooLarge, PayloadNotJson, RuntimeNotSupported or TooManyRequests;
    then nothing is recorded. Raises NoBackend when nothing can isolate.
    """
    raise NotImplementedError


def stop_invocation(*, account_id: str, request_id: str) -> None:
    """Ask that a pending or running invocation end now; final ones are left alone.

    Refuses with InvocationNotFound.
    """
    raise NotImplementedError


async def wait_for_result(*, request_id: str, timeout_s: float) -> InvocationResult:
    """Await the end of an invocation without holding a thread or connection.

    Raises TimeoutError after `timeout_s`; the invocation goes on.
    """
    raise NotImplementedError


def read_result(*, request_id: str) -> InvocationResult | None:
    """The result, or None while it is not final. Refuses with InvocationNotFound."""
    raise NotImplementedError


def events_after(*, request_id: str, after: int) -> list[dict[str, object]]:
    """Stream messages with a sequence number over `after`, as they were sent to the group.

    Shapes are in `runner.stream`. A client that saw a gap, or comes back
    after a reload, asks for these and misses nothing.
    """
    raise NotImplementedError


def group_of(request_id: str) -> str:
    """The channel group on which an invocation's stream is announced."""
    raise NotImplementedError


def build_group_of(key: str) -> str:
    """The channel group on which a build's log lines and end are announced."""
    raise NotImplementedError


def read_log(*, invocation: Invocation) -> str:
    """An invocation's whole log, START to REPORT."""
    raise NotImplementedError


def invocations(*, account_id: str, function_arn: str = "") -> "object":
    """A QuerySet of Invocation of one account, newest first, payloads not loaded."""
    raise NotImplementedError


def ensure_build(*, account_id: str, runtime: str, manifests: Mapping[str, str]) -> Build:
    """The build for these manifests, started if there is none.

    `manifests` maps "requirements.txt", or "package.json" and perhaps
    "package-lock.json", to their text. A FAILED build is started again.
    Refuses with RuntimeNotSupported.
    """
    raise NotImplementedError


def runtimes() -> list[RuntimeInfo]:
    """Every runtime name, newest first by language, with what serves it here."""
    raise NotImplementedError


def node_status() -> dict[str, object]:
    """What this installation can isolate with, for the home page and `check`.

    {"backends": [{"name", "problem", "interpreters": [...]}], "images":
    {"state": "ready|building|absent|failed", "percent", "step"}, "running",
    "prepared", "warm"}.
    """
    raise NotImplementedError


def prune(*, before: datetime, account_id: str) -> int:
    """Delete records, payloads and log text that ended before then; how many records."""
    raise NotImplementedError
