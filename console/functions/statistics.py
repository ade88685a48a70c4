"""Numbers of a function's runs: counts, percentiles, and points for a chart."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncHour, TruncMinute
from django.utils import timezone

from runner.models import Invocation
from runner.spec import State

SPANS = {
    "1h": ("1 hour", timedelta(hours=1), timedelta(minutes=2)),
    "24h": ("24 hours", timedelta(hours=24), timedelta(minutes=30)),
    "7d": ("7 days", timedelta(days=7), timedelta(hours=4)),
}
"""Each span with its title and the width of a point."""
ENDED = (State.SUCCEEDED, State.FAILED)
SAMPLE = 20_000
"""Percentiles are of at most so many of the newest runs of a span."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A span in numbers. Percentiles are None when nothing ended."""

    title: str
    count: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """What ran between `at` and the next point."""

    at: datetime
    count: int
    errors: int
    p95_ms: float | None


def summaries(runs: QuerySet[Invocation]) -> list[Summary]:
    """Every span in numbers."""
    now = timezone.now()
    return [_summary(runs.filter(created_at__gte=now - SPANS[name][1]), name) for name in SPANS]


def points(runs: QuerySet[Invocation], span: str, *, sample: int = SAMPLE) -> list[Point]:
    """A span as points of equal width, those without runs as well.

    Every run is counted; percentiles are of the newest `sample` that ended.
    """
    _, length, width = SPANS[span]
    now = timezone.now()
    start = now - length
    runs = runs.filter(created_at__gte=start)
    last = int(length / width) - 1
    counts, errors = [0] * (last + 1), [0] * (last + 1)
    # Counted by the database, whole minutes or hours at a time: all of them, however many.
    whole = TruncHour("created_at") if width > timedelta(hours=1) else TruncMinute("created_at")
    groups = runs.order_by().annotate(at=whole).values("at").annotate(**_COUNTS)
    for at, count, failed in groups.values_list("at", "count", "errors"):
        number = min(last, max(0, int((at - start) / width)))
        counts[number] += count
        errors[number] += failed
    durations: list[list[float]] = [[] for _ in counts]
    ended = runs.filter(state__in=ENDED, duration_ms__isnull=False)
    for created_at, duration_ms in ended.values_list("created_at", "duration_ms")[:sample]:
        durations[min(last, int((created_at - start) / width))].append(duration_ms or 0.0)
    return [
        Point(start + width * number, counts[number], errors[number], percentile(sorted(ms), 0.95))
        for number, ms in enumerate(durations)
    ]


_COUNTS = {"count": Count("pk"), "errors": Count("pk", filter=Q(state=State.FAILED))}


def percentile(ordered: list[float], share: float) -> float | None:
    """The value that `share` of an ordered list does not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)]


def _summary(runs: QuerySet[Invocation], name: str) -> Summary:
    counts = runs.order_by().aggregate(**_COUNTS)
    rows = runs.filter(state__in=ENDED).values_list("duration_ms", flat=True)[:SAMPLE]
    durations = sorted(ms for ms in rows if ms is not None)
    return Summary(
        title=SPANS[name][0],
        count=counts["count"],
        errors=counts["errors"],
        p50_ms=percentile(durations, 0.5),
        p95_ms=percentile(durations, 0.95),
    )
