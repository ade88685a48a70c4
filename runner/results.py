"""Results as rows keep them and as messages carry them."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from runner import logs
from runner.models import Invocation, Payload
from runner.spec import FINAL_STATES, LOG_TAIL_BYTES, InvocationResult, Limit, State

LOST_TYPE = "Runner.Lost"


def group_of(request_id: str) -> str:
    """The channel group of an invocation's stream."""
    return f"invocation.{request_id}"


def build_group_of(key: str) -> str:
    """The channel group of a build's log."""
    return f"build.{key}"


def of_row(
    row: Invocation, response: bytes | None, *, tail: bytes | None = None
) -> InvocationResult:
    """The result that a final row and its response stand for; `tail` of its log if at hand."""
    return InvocationResult(
        request_id=str(row.request_id),
        state=State(row.state),
        executed_version=row.version,
        draft=row.draft,
        payload=response or b"",
        function_error=row.function_error,
        error_type=row.error_type,
        duration_ms=row.duration_ms or 0.0,
        billed_ms=row.billed_ms or 0,
        memory_mb=row.memory_mb,
        max_memory_mb=row.max_memory_mb or 0,
        init_ms=row.init_ms,
        cold=row.cold,
        limit=Limit(row.limit) if row.limit else None,
        log_tail=tail_of(row) if tail is None else tail,
        backend=row.backend,
    )


def load(request_id: str) -> InvocationResult | None:
    """The result as stored, None while not final. Raises Invocation.DoesNotExist."""
    row = Invocation.objects.get(request_id=request_id)
    return stored(row) if row.state in FINAL_STATES else None


def stored(row: Invocation) -> InvocationResult:
    """The result of a final row, with its stored response."""
    response = Payload.objects.filter(pk=row.pk).values_list("response", flat=True).first()
    return of_row(row, bytes(response) if response is not None else None)


def tail_of(row: Invocation) -> bytes:
    """The last 4 KB of a row's log."""
    length = min(row.log_length, LOG_TAIL_BYTES)
    if not length:
        return b""
    offset = row.log_offset + row.log_length - length
    return logs.read(settings.LOG_STORE, row.log_file, offset=offset, length=length)


def to_json(result: InvocationResult) -> dict[str, Any]:
    """A result as a message carries it: bytes as text.

    `exact` is false when the payload was not UTF-8: then the stored bytes,
    not this text, are the response.
    """
    fields: dict[str, Any] = {name: getattr(result, name) for name in result.__slots__}
    payload = result.payload.decode("utf-8", "replace")
    fields["payload"] = payload
    fields["exact"] = payload.encode() == result.payload
    fields["log_tail"] = result.log_tail.decode("utf-8", "replace")
    fields["state"] = str(result.state)
    fields["limit"] = str(result.limit) if result.limit else None
    return fields


def from_json(fields: Mapping[str, Any]) -> InvocationResult:
    """The result that a message carries."""
    known = {name: fields[name] for name in InvocationResult.__slots__}
    known["state"] = State(fields["state"])
    known["limit"] = Limit(fields["limit"]) if fields["limit"] else None
    known["payload"] = fields["payload"].encode()
    known["log_tail"] = fields["log_tail"].encode()
    return InvocationResult(**known)


def message(request_id: str | uuid.UUID, sequence: int, kind: str, **more: Any) -> dict[str, Any]:
    """One stream message; kinds are in `stream`."""
    return {"request_id": str(request_id), "seq": sequence, "kind": kind, **more}
