"""Figures of a measurement: medians and quantiles, never a single run."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, what was to be reached, and what was: all in `unit`."""

    what: str
    reach: str
    reached: str
    note: str = ""


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def quantile(values: Sequence[float], part: float) -> float:
    """The value that `part` (0 to 1) of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """Median, 95th percentile and count, as one cell."""
    middle, high = median(values), quantile(values, 0.95)
    return f"{middle:.1f} {unit} (p95 {high:.1f}, n={len(values)})"


def timed(action: Callable[[], object]) -> float:
    """How long an action took, ms."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def noise() -> str:
    """How busy the machine is: wall over CPU time of a 0.3 s spin; 1.0 is quiet."""
    wall, cpu = time.perf_counter(), time.process_time()
    while time.process_time() - cpu < 0.3:
        pass
    return f"{(time.perf_counter() - wall) / 0.3:.2f}"


def table(rows: Sequence[Figure]) -> str:
    """The figures as aligned text."""
    head = Figure("what", "reach", "reached", "note")
    widths = [
        max(len(getattr(row, name)) for row in [head, *rows])
        for name in ("what", "reach", "reached")
    ]
    lines = []
    for row in [head, *rows]:
        cells = [
            row.what.ljust(widths[0]),
            row.reach.ljust(widths[1]),
            row.reached.ljust(widths[2]),
        ]
        lines.append("  ".join([*cells, row.note]).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)
