"""How one call of a function can end, in the shapes AWS gives it. Plain."""

import json
import re
from dataclasses import dataclass

from runner import report
from runner.runtime_api.session import Answer, InitError
from runner.sandboxes.base import Usage
from runner.spec import Limit, State

UNHANDLED = "Unhandled"
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What JSON can say and a database cannot keep: NUL and halves of a surrogate pair."""


@dataclass(frozen=True, slots=True)
class Call:
    """One event for an environment."""

    request_id: str
    event: bytes
    arn: str
    timeout_s: float
    trace_id: str = ""
    client_context: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended. `reusable` says whether the environment may serve again.

    `log_line` is what the platform adds to the log about it, `status` what
    it adds to the REPORT line.
    """

    state: State
    payload: bytes
    duration_ms: float
    max_memory_mb: int
    init_ms: float | None = None
    function_error: str = ""
    error_type: str = ""
    error_message: str = ""
    limit: Limit | None = None
    log_line: str = ""
    status: str = ""
    reusable: bool = False


def answered(answer: Answer, *, duration_ms: float, init_ms: float | None, usage: Usage) -> Outcome:
    """The runtime posted a response or an error."""
    if answer.too_large:
        return _unhandled(
            "Function.ResponseSizeTooLarge",
            report.TOO_LARGE,
            duration_ms=duration_ms,
            init_ms=init_ms,
            usage=usage,
            limit=Limit.RESPONSE_SIZE,
            reusable=True,
        )
    if not answer.error_type:
        return Outcome(
            state=State.SUCCEEDED,
            payload=answer.body,
            duration_ms=duration_ms,
            max_memory_mb=usage.peak_mb,
            init_ms=init_ms,
            reusable=True,
        )
    told = _error_object(answer.body, answer.error_type)
    return Outcome(
        state=State.FAILED,
        payload=answer.body,
        duration_ms=duration_ms,
        max_memory_mb=usage.peak_mb,
        init_ms=init_ms,
        function_error=UNHANDLED,
        error_type=told["errorType"],
        error_message=told["errorMessage"],
        limit=usage.limit,
        reusable=True,
    )


def init_failed(error: InitError, *, init_ms: float, usage: Usage) -> Outcome:
    """The runtime posted to /init/error: its own type, and no request to name."""
    told = _error_object(error.body, error.error_type)
    told["requestId"] = ""
    return Outcome(
        state=State.FAILED,
        payload=json.dumps(told).encode(),
        duration_ms=0.0,
        max_memory_mb=usage.peak_mb,
        init_ms=init_ms,
        function_error=UNHANDLED,
        error_type=told["errorType"],
        error_message=told["errorMessage"],
        status=f"Status: error\tError Type: {told['errorType']}",
    )


def timed_out(call: Call, *, init_ms: float | None, usage: Usage) -> Outcome:
    """The deadline came first."""
    text = report.timeout_text(call.timeout_s)
    return _unhandled(
        "Sandbox.Timedout",
        report.of_request(call.request_id, text),
        duration_ms=call.timeout_s * 1000,
        init_ms=init_ms,
        usage=usage,
        limit=Limit.TIMEOUT,
        log_line=report.timeout_line(request_id=call.request_id, timeout_s=call.timeout_s),
        status="Status: timeout",
    )


def exited(call: Call, *, duration_ms: float, init_ms: float | None, usage: Usage) -> Outcome:
    """The runtime process ended, or the kernel ended it."""
    code = -9 if usage.limit is Limit.MEMORY and usage.exit_code is None else usage.exit_code
    message = report.of_request(call.request_id, report.exit_text(code))
    return _unhandled(
        "Runtime.ExitError",
        message,
        duration_ms=duration_ms,
        init_ms=init_ms,
        usage=usage,
        limit=usage.limit,
        log_line=f"{message}\nRuntime.ExitError\n",
        status="Status: error\tError Type: Runtime.ExitError",
    )


def stopped(call: Call, *, duration_ms: float, init_ms: float | None, usage: Usage) -> Outcome:
    """A person pressed Stop."""
    message = report.of_request(call.request_id, "Stopped by a person.")
    outcome = _unhandled(
        "Sandbox.Stopped",
        message,
        duration_ms=duration_ms,
        init_ms=init_ms,
        usage=usage,
        state=State.STOPPED,
        log_line="Stopped by a person.\n",
    )
    return outcome


def error_payload(error_type: str, message: str) -> bytes:
    """AWS's error object for what the platform itself reports."""
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _unhandled(
    error_type: str,
    message: str,
    *,
    duration_ms: float,
    init_ms: float | None,
    usage: Usage,
    state: State = State.FAILED,
    limit: Limit | None = None,
    log_line: str = "",
    status: str = "",
    reusable: bool = False,
) -> Outcome:
    return Outcome(
        state=state,
        payload=error_payload(error_type, message),
        duration_ms=duration_ms,
        max_memory_mb=usage.peak_mb,
        init_ms=init_ms,
        function_error=UNHANDLED,
        error_type=error_type,
        error_message=message,
        limit=limit,
        log_line=log_line,
        status=status,
        reusable=reusable,
    )


def _error_object(body: bytes, error_type: str) -> dict[str, str]:
    """The runtime's own error object, or one made of the header when the body is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):  # the latter: brackets, thousands deep
        found = None
    if not isinstance(found, dict):
        found = {"errorMessage": body.decode("utf-8", "replace")}
    found.setdefault("errorType", error_type or "Unknown")
    found.setdefault("errorMessage", "")
    if not isinstance(found["errorType"], str):
        found["errorType"] = str(found["errorType"])
    if not isinstance(found["errorMessage"], str):
        found["errorMessage"] = json.dumps(found["errorMessage"])
    for name in ("errorType", "errorMessage"):
        found[name] = _UNSTORABLE.sub("\ufffd", found[name])
    return found
