"""Where the time of a call goes, by the moments that its record keeps.

Call, admission and record: until the row is made (`created_at`). Hand over
and lease: until the runner claims it (`started_at`). Run: until it has ended
(`finished_at`), of which the function's own part is the REPORT line's
duration and, when cold, the initialisation. Back: until the caller has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runner.models import Invocation
from tests.bench.figures import Figure, median


@dataclass(frozen=True)
class Seen:
    """A call from outside: its id, and when (wall clock) it began and its result was there."""

    request_id: str
    began: float
    ended: float


def steps(what: str, calls: Sequence[Seen]) -> Figure:
    """The medians of each step, ms."""
    rows = {
        str(row.request_id): row
        for row in Invocation.objects.filter(request_id__in=[call.request_id for call in calls])
    }
    parts: dict[str, list[float]] = {
        name: [] for name in ("admit", "to the runner", "run", "back", "handler", "init")
    }
    for call in calls:
        row = rows[call.request_id]
        assert row.started_at is not None
        assert row.finished_at is not None
        created, started = row.created_at.timestamp(), row.started_at.timestamp()
        finished = row.finished_at.timestamp()
        parts["admit"].append((created - call.began) * 1000)
        parts["to the runner"].append((started - created) * 1000)
        parts["run"].append((finished - started) * 1000)
        parts["back"].append((call.ended - finished) * 1000)
        parts["handler"].append(row.duration_ms or 0.0)
        parts["init"].append(row.init_ms or 0.0)
    told = {name: median(values) for name, values in parts.items()}
    inside = f"of the run: init {told.pop('init'):.1f}, handler {told.pop('handler'):.1f}"
    reached = " + ".join(f"{name} {value:.1f}" for name, value in told.items())
    return Figure(f"  of it, medians: {what}", "", f"{reached} ms", inside)
