"""The platform's own log lines, byte for byte as Lambda writes them. Plain."""

import math
import signal
from datetime import UTC, datetime

from runner.spec import RESPONSE_LIMIT

TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."


def start_line(*, request_id: str, version: str) -> str:
    """What comes before a function's own output."""
    return f"START RequestId: {request_id} Version: {version}\n"


def end_line(*, request_id: str) -> str:
    """What comes after it."""
    return f"END RequestId: {request_id}\n"


def report_line(
    *,
    request_id: str,
    duration_ms: float,
    billed_ms: int,
    memory_mb: int,
    max_memory_mb: int,
    init_ms: float | None,
    status: str = "",
) -> str:
    """The summary, tab-separated; `Init Duration` only on a cold start."""
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {max_memory_mb} MB",
    ]
    if init_ms is not None:
        parts.append(f"Init Duration: {init_ms:.2f} ms")
    if status:
        parts.append(status)
    return "\t".join(parts) + "\n"


def billed_ms(*, duration_ms: float, init_ms: float | None) -> int:
    """Whole milliseconds, rounded up; initialisation is included, as AWS does since August 2025."""
    return max(1, math.ceil(round(duration_ms + (init_ms or 0.0), 6)))


def timeout_text(timeout_s: float) -> str:
    """Lambda's words for a timeout."""
    return f"Task timed out after {timeout_s:.2f} seconds"


def timeout_line(*, request_id: str, timeout_s: float) -> str:
    """The log line of a timeout."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{now} {request_id} {timeout_text(timeout_s)}\n\n"


def exit_text(code: int | None) -> str:
    """Lambda's words for a runtime process that ended; negative codes are signals."""
    if not code:
        return "Runtime exited without providing a reason"
    if code < 0:
        try:
            name = signal.strsignal(-code) or f"signal {-code}"
        except ValueError:
            name = f"signal {-code}"
        return f"Runtime exited with error: signal: {name.lower()}"
    return f"Runtime exited with error: exit status {code}"


def of_request(request_id: str, text: str) -> str:
    """An error message as AWS addresses it to the caller."""
    return f"RequestId: {request_id} Error: {text}"
