"""Figures of a measurement: medians and quantiles, never a single run."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One row of the table; `key` and `value` let rows be compared within a run."""

    what: str
    reach: str
    reached: str
    note: str = ""
    key: str = ""
    value: float = 0.0


def say(figure: Figure) -> None:
    """Hand a figure to the process that prints the table; at once: what fails later leaves it."""
    sys.stdout.write(json.dumps(asdict(figure)) + "\n")
    sys.stdout.flush()


def heard(text: str) -> list[Figure]:
    """The figures that a program said."""
    return [Figure(**json.loads(line)) for line in text.splitlines() if line.startswith('{"what"')]


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
    digits = 2 if middle < 2 else 1
    return f"{middle:.{digits}f} {unit} (p95 {high:.{digits}f}, n={len(values)})"


def spread_figure(
    what: str, reach: str, values: Sequence[float], *, note: str = "", key: str = ""
) -> Figure:
    """A row of times in ms."""
    return Figure(what, reach, spread(values), note, key, median(values))


def timed(action: Callable[[], object]) -> float:
    """How long an action took, ms."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def noise() -> str:
    """How busy the machine is: wall over CPU time of a 0.3 s spin (1.0 is quiet), and the load."""
    wall, cpu = time.perf_counter(), time.process_time()
    while time.process_time() - cpu < 0.3:
        pass
    with open("/proc/loadavg") as file:
        load = file.read().split()[0]
    return f"{(time.perf_counter() - wall) / 0.3:.2f}, load {load}"


def ratios(rows: Sequence[Figure]) -> list[Figure]:
    """What was measured twice in one run, by us and by another, against each other."""
    ours = {row.key: row.value for row in rows if row.key.startswith("virga ")}
    found = []
    for key, mine in ours.items():
        _, backend, what = key.split(" ", 2)
        for row in rows:
            other, _, theirs = row.key.partition(" ")
            if other == "virga" or theirs != what or not mine or not row.value:
                continue
            times = row.value / mine if what.startswith("rate") else mine / row.value
            told = f"{times:.1f}x slower" if times >= 1 else f"{1 / times:.1f}x faster"
            found.append(Figure(f"{what}: {backend} against {other}", "", told))
    return found


def table(rows: Sequence[Figure]) -> str:
    """The figures as aligned text."""
    head = Figure("what", "reach", "reached", "note")
    names = ("what", "reach", "reached")
    widths = {name: max(len(getattr(row, name)) for row in [head, *rows]) for name in names}
    lines = []
    for row in [head, *rows]:
        cells = [getattr(row, name).ljust(widths[name]) for name in names]
        lines.append("  ".join([*cells, row.note]).rstrip())
    lines.insert(1, "-" * min(160, max(len(line) for line in lines)))
    return "\n".join(lines)
