"""A result as people read it: which limit, what it cost, where it broke."""

from dataclasses import dataclass

from console.functions.traces import Pairs, trace_of
from console.monitoring import prices
from runner.spec import InvocationResult, Limit, State


@dataclass(frozen=True, slots=True)
class Shown:
    """What a result panel shows, the same on the socket and on a page."""

    state: str
    payload: str
    exact: bool
    function_error: str
    error_type: str
    trace: Pairs | None
    duration_ms: float
    billed_ms: int
    init_ms: float | None
    memory_mb: int
    max_memory_mb: int
    cold: bool
    limit: str | None
    limit_text: str
    cost_text: str
    draft: bool
    executed_version: str
    log: str
    log_truncated: bool
    label: str
    backend: str


def shown(
    result: InvocationResult,
    *,
    log: str,
    timeout_s: int = 0,
    tmp_mb: int = 0,
    label: str = "",
    log_truncated: bool = False,
) -> Shown:
    """A result with its trace, limit and cost in words."""
    payload = result.payload.decode("utf-8", "replace")
    return Shown(
        state=str(result.state),
        payload=payload,
        exact=payload.encode() == result.payload,
        function_error=result.function_error,
        error_type=result.error_type,
        trace=trace_of(result.payload) if result.function_error else None,
        duration_ms=result.duration_ms,
        billed_ms=result.billed_ms,
        init_ms=result.init_ms,
        memory_mb=result.memory_mb,
        max_memory_mb=result.max_memory_mb,
        cold=result.cold,
        limit=str(result.limit) if result.limit else None,
        limit_text=limit_text(result, timeout_s=timeout_s, tmp_mb=tmp_mb),
        cost_text=cost_text(result),
        draft=result.draft,
        executed_version=result.executed_version,
        log=log,
        log_truncated=log_truncated,
        label=label,
        backend=result.backend,
    )


def limit_text(result: InvocationResult, *, timeout_s: int, tmp_mb: int) -> str:
    """Which limit ended the run, and what to do; "" when none did."""
    if result.limit is None:
        return ""
    return {
        Limit.TIMEOUT: f"It reached its timeout of {timeout_s} s. "
        "Raise the timeout under Configuration, or make it faster.",
        Limit.MEMORY: f"It used all of its {result.memory_mb} MB of memory. "
        "Raise the memory under Configuration.",
        Limit.PROCESSES: "It started more processes or threads than a sandbox may have (1,024).",
        Limit.TMP: f"It filled its /tmp of {tmp_mb} MB. Raise it under Configuration.",
        Limit.RESPONSE_SIZE: "Its response is larger than 6 MB, the most an answer may have.",
        Limit.LOG_SIZE: "It printed more than is kept of one run: the rest of the log is missing.",
    }[result.limit]


def cost_text(result: InvocationResult) -> str:
    """What this call would cost at today's prices, "" for one that never ran."""
    if result.state is State.LOST or not result.billed_ms:
        return ""
    cost = prices.cost_of_call(
        book=prices.BOOKS["today"],
        duration_ms=result.duration_ms,
        memory_mb=result.memory_mb,
        init_ms=result.init_ms,
    )
    return prices.in_words(cost)
