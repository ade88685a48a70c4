"""Stack traces: every character kept, classes added, nothing interpreted."""

import json

import pytest

from console.functions.traces import trace_of

PYTHON = {
    "errorMessage": "division by <b>zero</b>",
    "errorType": "ZeroDivisionError",
    "requestId": "x",
    "stackTrace": ['  File "/var/task/app.py", line 3, in handler\n    return 1 / 0\n'],
}
NODE = {
    "errorType": "TypeError",
    "errorMessage": "x is not a function",
    "trace": [
        "TypeError: x is not a function",
        "    at handler (file:///var/task/index.mjs:2:3)",
        "    at async Runtime.run (/var/runtime/index.js:10:5)",
        "    at /var/task/a.js:1:1",
    ],
}


def text_of(error: object) -> str:
    pairs = trace_of(json.dumps(error).encode())
    assert pairs is not None
    return "".join(text for _, text in pairs)


def test_a_python_trace_reads_as_python_prints_it() -> None:
    assert text_of(PYTHON) == (
        "Traceback (most recent call last):\n"
        '  File "/var/task/app.py", line 3, in handler\n'
        "    return 1 / 0\n"
        "ZeroDivisionError: division by <b>zero</b>\n"
    )


def test_a_node_trace_keeps_every_line_and_marks_functions_and_places() -> None:
    assert text_of(NODE) == "\n".join(NODE["trace"]) + "\n"
    pairs = trace_of(json.dumps(NODE).encode())
    assert ("nf", "handler") in pairs
    assert ("mi", ":2:3") in pairs


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b'"x"',
        b'{"stackTrace": []}',
        b'{"stackTrace": "x"}',
        b'{"stackTrace": [1, {}]}',
        b'{"trace": null}',
    ],
)
def test_what_is_no_trace_gives_none(payload) -> None:
    assert trace_of(payload) is None


def test_an_enormous_trace_is_cut() -> None:
    error = PYTHON | {"stackTrace": ["x" * 100 + "\n"] * 10_000}
    assert len(text_of(error)) < 70_000


def test_what_is_too_deep_to_read_has_no_trace() -> None:
    assert trace_of(b'{"stackTrace": ' + b"[" * 200_000 + b"]" * 200_000 + b"}") is None


def test_a_trace_with_half_a_character_can_be_shown() -> None:
    error = {"errorType": "E", "errorMessage": "\ud800", "stackTrace": ["  x \udfff\n"]}
    pairs = trace_of(json.dumps(error).encode())
    assert pairs
    assert "".join(text for _, text in pairs).encode().count(b"?") == 2
