"""What a call costs under a price book. Plain: no database, no clock.

Two books of AWS Lambda's public x86 prices (us-east-1): what the service
charged in 2018, in steps of 100 ms, and what it charges today, by the
millisecond and with initialisation included. Amounts are US dollars.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

MIB_PER_GB = Decimal(1024)


@dataclass(frozen=True, slots=True)
class Book:
    """One year's prices."""

    name: str
    title: str
    step_ms: int
    per_gb_second: Decimal
    per_request: Decimal
    bills_init: bool
    free_requests: int = 1_000_000
    free_gb_seconds: int = 400_000


BOOKS: dict[str, Book] = {
    "today": Book(
        name="today",
        title="Today: 1 ms steps",
        step_ms=1,
        per_gb_second=Decimal("0.0000166667"),
        per_request=Decimal("0.0000002"),
        bills_init=True,
    ),
    "2018": Book(
        name="2018",
        title="2018: 100 ms steps",
        step_ms=100,
        per_gb_second=Decimal("0.00001667"),
        per_request=Decimal("0.0000002"),
        bills_init=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Projection:
    """A month of equal calls. `free_*` is what the free tier took off."""

    calls: int
    gb_seconds: Decimal
    requests: Decimal
    compute: Decimal
    free_requests: Decimal
    free_compute: Decimal

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.requests + self.compute - self.free_requests - self.free_compute


def billed_ms(*, book: Book, duration_ms: float, init_ms: float | None = None) -> int:
    """Milliseconds charged: rounded up to the book's step, at least one step."""
    length = Decimal(str(duration_ms))
    if book.bills_init and init_ms is not None:
        length += Decimal(str(init_ms))
    steps = (length / book.step_ms).to_integral_value(ROUND_CEILING)
    return max(int(steps), 1) * book.step_ms


def gb_seconds(*, billed: int, memory_mb: int) -> Decimal:
    """The product Lambda charges by, of configured (not used) memory."""
    return Decimal(memory_mb) / MIB_PER_GB * Decimal(billed) / 1000


def cost_of_call(
    *, book: Book, duration_ms: float, memory_mb: int, init_ms: float | None = None
) -> Decimal:
    """One call with nothing free: its request and its compute."""
    billed = billed_ms(book=book, duration_ms=duration_ms, init_ms=init_ms)
    return book.per_request + book.per_gb_second * gb_seconds(billed=billed, memory_mb=memory_mb)


def monthly(
    *,
    book: Book,
    calls: int,
    duration_ms: float,
    memory_mb: int,
    init_ms: float | None = None,
    cold_share: float = 0.0,
    free_tier: bool = True,
) -> Projection:
    """A month of `calls` like this one, `cold_share` of them (0 to 1) with initialisation."""
    warm = billed_ms(book=book, duration_ms=duration_ms)
    cold = billed_ms(book=book, duration_ms=duration_ms, init_ms=init_ms)
    colds = round(calls * cold_share)
    used = gb_seconds(billed=warm, memory_mb=memory_mb) * (calls - colds)
    used += gb_seconds(billed=cold, memory_mb=memory_mb) * colds
    free_calls = min(calls, book.free_requests) if free_tier else 0
    free_used = min(used, Decimal(book.free_gb_seconds)) if free_tier else Decimal(0)
    return Projection(
        calls=calls,
        gb_seconds=used,
        requests=book.per_request * calls,
        compute=book.per_gb_second * used,
        free_requests=book.per_request * free_calls,
        free_compute=book.per_gb_second * free_used,
    )


def in_words(amount: Decimal) -> str:
    """An amount for a page: "$0.0000021" for a call, "$12.34" for a month."""
    if amount and amount < Decimal("0.01"):
        text = f"{amount:.10f}".rstrip("0")
        return f"${text}"
    return f"${amount:,.2f}"
