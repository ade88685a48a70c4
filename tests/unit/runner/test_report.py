"""The platform's own log lines."""

import pytest

from runner import report


def test_a_cold_report_line_is_byte_for_byte_lambdas() -> None:
    line = report.report_line(
        request_id="d1cf0ccb-xmpl-46e6-950d-04c96c9b1c5d",
        duration_ms=4157.16,
        billed_ms=4200,
        memory_mb=256,
        max_memory_mb=99,
        init_ms=841.6,
    )
    assert line == (
        "REPORT RequestId: d1cf0ccb-xmpl-46e6-950d-04c96c9b1c5d\tDuration: 4157.16 ms\t"
        "Billed Duration: 4200 ms\tMemory Size: 256 MB\tMax Memory Used: 99 MB\t"
        "Init Duration: 841.60 ms\n"
    )


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [(0.1, None, 1), (1.0, None, 1), (1.01, None, 2), (1.0, 100.2, 102), (0.0, 0.0, 1)],
)
def test_billed_time_is_rounded_up_and_includes_initialisation(
    duration: float, init: float | None, billed: int
) -> None:
    assert report.billed_ms(duration_ms=duration, init_ms=init) == billed


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "Runtime exited without providing a reason"),
        (None, "Runtime exited without providing a reason"),
        (3, "Runtime exited with error: exit status 3"),
        (-9, "Runtime exited with error: signal: killed"),
        (-15, "Runtime exited with error: signal: terminated"),
        (-99, "Runtime exited with error: signal: signal 99"),
    ],
)
def test_an_exit_is_told_as_lambda_tells_it(code: int | None, words: str) -> None:
    assert report.exit_text(code) == words
