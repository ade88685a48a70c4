"""Holding a result against what was expected."""

import json

import pytest

from console.errors import Invalid
from console.events.expectations import check, clean, differences
from runner.spec import InvocationResult, State


def result(payload: object = None, **changes: object) -> InvocationResult:
    values = {
        "request_id": "r", "state": State.SUCCEEDED, "executed_version": "$LATEST", "draft": True,
        "payload": payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
        "function_error": "", "error_type": "",
        "duration_ms": 12.345, "billed_ms": 13, "memory_mb": 128, "max_memory_mb": 40,
        "init_ms": None, "cold": False, "limit": None, "log_tail": b"START\nhello\nEND\n",
        "backend": "fake",
    }  # fmt: skip
    return InvocationResult(**(values | changes))


FAILED = {
    "state": State.FAILED, "function_error": "Unhandled", "error_type": "KeyError",
    "payload": b'{"errorMessage": "\'name\'", "errorType": "KeyError"}',
}  # fmt: skip


def test_nothing_said_expects_success():
    assert check({}, result()) == []
    [failure] = check({}, result(**FAILED))
    assert failure.message == "It failed with KeyError: 'name'"


def test_an_expected_failure_passes_and_a_success_does_not():
    assert check({"outcome": "fails"}, result(**FAILED)) == []
    [failure] = check({"outcome": "fails"}, result())
    assert failure.rule == "outcome"


def test_a_subset_alone_may_describe_an_error():
    assert check({"subset": {"errorType": "KeyError"}}, result(**FAILED)) == []
    assert len(check({"subset": {}, "outcome": "succeeds"}, result(**FAILED))) == 1


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ({}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}),
        ([1, {"a": 2}], [1, {"a": 2, "b": 3}]),
        (1, 1.0),
        (None, None),
        ("é", "é"),
    ],
)
def test_a_subset_that_is_there_passes(wanted, actual):
    assert check({"subset": wanted}, result(actual)) == []


@pytest.mark.parametrize(
    ("wanted", "actual", "path", "message"),
    [
        ({"a": 1}, {}, "$.a", "$.a is missing; 1 was expected."),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "$.a.b[1]", "$.a.b[1] is 3; 2 was expected."),
        ([1], [1, 2], "$", "$ has 2 elements, not 1."),
        ({"a": True}, {"a": 1}, "$.a", "$.a is 1; true was expected."),
        ({"a": 1}, {"a": True}, "$.a", "$.a is true; 1 was expected."),
        ({"a": None}, {"a": 0}, "$.a", "$.a is 0; null was expected."),
        ({"a": "1"}, {"a": 1}, "$.a", '$.a is 1; "1" was expected.'),
        ({"a": {}}, {"a": []}, "$.a", "$.a is []; {} was expected."),
        ({"x-y": 1}, {"x-y": 2}, '$["x-y"]', '$["x-y"] is 2; 1 was expected.'),
        ({"a": 1}, "text", "$", '$ is "text"; {"a": 1} was expected.'),
    ],
)
def test_a_difference_names_its_path_with_both_values(wanted, actual, path, message):
    [failure] = check({"subset": wanted}, result(actual))
    assert (failure.path, failure.message) == (path, message)


def test_a_response_that_is_not_json_is_shown_as_it_is():
    [failure] = check({"subset": {}}, result(payload=b"<html>"))
    assert (failure.message, failure.actual) == ("The response is not JSON.", "<html>")


def test_long_values_are_cut_and_many_differences_too():
    [failure] = differences("x", "y" * 10_000)
    assert len(failure.message) < 500
    assert len(check({"subset": {str(n): n for n in range(500)}}, result({}))) == 20


def test_the_longest_duration():
    assert check({"longest_ms": 13}, result()) == []
    [failure] = check({"longest_ms": 12}, result())
    assert failure.message == "It took 12.35 ms; at most 12 ms were expected."


def test_text_in_the_log_is_looked_for_in_all_of_it():
    assert check({"log_has": "hello"}, result()) == []
    assert len(check({"log_has": "early line"}, result())) == 1
    assert check({"log_has": "early line"}, result(), log="early line\n") == []


@pytest.mark.parametrize("state", [State.STOPPED, State.LOST])
def test_a_stopped_or_lost_run_meets_no_expectation(state):
    [failure] = check({"outcome": "fails"}, result(state=state, payload=b"the runner ended"))
    assert failure.rule == "run"


def test_an_expectation_is_kept_without_what_says_nothing():
    empty = {"outcome": "", "longest_ms": None, "log_has": ""}
    assert clean(empty) == {}
    assert clean({"subset": None}) == {"subset": None}
    full = {"outcome": "fails", "subset": {"a": 1}, "longest_ms": 5, "log_has": "x"}
    assert clean(full) == full


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "explodes"}, {"longest_ms": 0}, {"longest_ms": "fast"}, {"longest_ms": True},
        {"longest_ms": 900_001}, {"log_has": 3}, {"log_has": "x" * 1_001}, {"unknown": 1},
    ],
)  # fmt: skip
def test_an_expectation_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(Invalid):
        clean(wrong)


@pytest.mark.parametrize("odd", [r"\ud800", r"\u0000"])
def test_what_no_database_holds_is_not_in_what_is_told(odd: str) -> None:
    payload = f'{{"errorMessage": "a{odd}b", "errorType": "E"}}'.encode()
    found = check({}, result(**(FAILED | {"payload": payload})))
    found += check({"subset": {"a": "b"}}, result(f'{{"a": "{odd}"}}'.encode()))
    for failure in found:
        told = " ".join((failure.message, failure.path, failure.actual))
        assert "\0" not in told
        assert told.encode()
    assert len(found) == 2
