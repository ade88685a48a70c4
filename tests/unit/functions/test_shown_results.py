"""A result in words."""

import pytest

from console.functions.results import shown
from console.functions.statistics import percentile
from runner.spec import InvocationResult, Limit, State


def result(**changes) -> InvocationResult:
    fields = {
        "request_id": "r",
        "state": State.SUCCEEDED,
        "executed_version": "$LATEST",
        "draft": True,
        "payload": b"1",
        "function_error": "",
        "error_type": "",
        "duration_ms": 10.0,
        "billed_ms": 10,
        "memory_mb": 128,
        "max_memory_mb": 30,
        "init_ms": None,
        "cold": False,
        "limit": None,
        "log_tail": b"",
        "backend": "docker",
    }
    return InvocationResult(**(fields | changes))


@pytest.mark.parametrize("limit", list(Limit))
def test_every_limit_is_said_in_words(limit) -> None:
    failed = result(state=State.FAILED, function_error="Unhandled", limit=limit)
    text = shown(failed, log="", timeout_s=3, tmp_mb=512).limit_text
    assert text.endswith(".")
    assert len(text) > 30


def test_no_limit_no_words() -> None:
    assert shown(result(), log="").limit_text == ""


def test_the_cost_is_that_of_time_times_memory_and_of_a_start() -> None:
    assert shown(result(), log="").cost_text == "$0.0000002208"
    cold = shown(result(init_ms=90.0, cold=True), log="").cost_text
    assert float(cold.removeprefix("$")) > 0.0000002208


def test_what_never_ran_costs_nothing() -> None:
    assert shown(result(state=State.LOST, billed_ms=0), log="").cost_text == ""


def test_a_response_that_is_not_text_says_so() -> None:
    one = shown(result(payload=b"\xff\xfe"), log="")
    assert not one.exact
    assert shown(result(payload="größe".encode()), log="").exact


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([1.0], 0.95, 1.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.0),
    ],
)
def test_percentiles_are_values_that_were_measured(values, share, expected) -> None:
    assert percentile(values, share) == expected
