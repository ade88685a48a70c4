"""What the table of `make bench` promises: comparisons within a run, and no figure lost."""

import json
from dataclasses import asdict

from tests.bench.figures import Figure, heard, ratios, spread, table

OURS = Figure("ours", "6 ms", "8.0 ms", key="virga bubblewrap warm python", value=8.0)


def test_a_figure_that_was_said_is_heard_between_other_lines() -> None:
    said = f"a warning\n{json.dumps(asdict(OURS))}\nTraceback\n"
    assert heard(said) == [OURS]


def test_times_and_rates_are_compared_with_who_was_measured_the_same_way() -> None:
    rows = [
        OURS,
        Figure("floor", "", "", key="floor warm python", value=0.4),
        Figure("peer", "", "", key="SAM-start-lambda warm python", value=32.0),
        Figure("other language", "", "", key="floor warm node", value=0.4),
        Figure("our rate", "", "", key="virga bubblewrap rate python", value=300.0),
        Figure("peer's rate", "", "", key="SAM-start-lambda rate python", value=30.0),
    ]
    assert [(row.what, row.reached) for row in ratios(rows)] == [
        ("warm python: bubblewrap against floor", "20.0x slower"),
        ("warm python: bubblewrap against SAM-start-lambda", "4.0x faster"),
        ("rate python: bubblewrap against SAM-start-lambda", "10.0x faster"),
    ]


def test_nothing_is_compared_with_what_was_not_measured() -> None:
    assert ratios([OURS, Figure("peer", "", "not installed here")]) == []


def test_a_cell_says_median_p95_and_count() -> None:
    assert spread([float(n) for n in range(1, 101)]) == "50.5 ms (p95 96.0, n=100)"


def test_the_table_has_every_row() -> None:
    assert len(table([OURS, OURS]).splitlines()) == 4
