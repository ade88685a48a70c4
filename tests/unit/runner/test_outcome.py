"""How a call can end, in AWS's shapes."""

import json

from runner.outcome import Call, answered, exited, init_failed, timed_out
from runner.runtime_api.session import Answer, InitError
from runner.sandboxes.base import Usage
from runner.spec import Limit, State

CALL = Call("rid", b"{}", "arn", 1.0)


def test_a_response_is_passed_on_as_it_is() -> None:
    outcome = answered(Answer(body=b"NaN"), duration_ms=1, init_ms=None, usage=Usage(20))
    assert (outcome.state, outcome.payload, outcome.function_error) == (
        State.SUCCEEDED,
        b"NaN",
        "",
    )
    assert outcome.reusable


def test_an_error_that_is_no_object_takes_its_type_from_the_header() -> None:
    answer = Answer(body=b"oh \xff", error_type="Custom.Broken")
    outcome = answered(answer, duration_ms=1, init_ms=None, usage=Usage(20))
    assert outcome.error_type == "Custom.Broken"
    assert outcome.error_message == "oh \ufffd"
    assert outcome.payload == b"oh \xff"


def test_an_error_whose_type_is_no_text_is_still_told() -> None:
    answer = Answer(body=b'{"errorType": 7, "errorMessage": ["a"]}', error_type="x")
    outcome = answered(answer, duration_ms=1, init_ms=None, usage=Usage(20))
    assert (outcome.error_type, outcome.error_message) == ("7", '["a"]')


def test_what_no_database_can_keep_of_an_error_is_replaced_and_the_answer_is_not() -> None:
    body = b'{"errorType": "Odd\\u0000", "errorMessage": "a\\ud800b"}'
    answer = Answer(body=body, error_type="Odd")
    outcome = answered(answer, duration_ms=1, init_ms=None, usage=Usage(20))
    assert (outcome.error_type, outcome.error_message) == ("Odd\ufffd", "a\ufffdb")
    assert outcome.payload == body


def test_a_failed_init_names_no_request_and_the_sandbox_is_not_used_again() -> None:
    body = json.dumps({"errorType": "Runtime.ImportModuleError", "requestId": "x"}).encode()
    outcome = init_failed(InitError("y", body), init_ms=5, usage=Usage(20))
    assert json.loads(outcome.payload)["requestId"] == ""
    assert not outcome.reusable


def test_a_timeout_lasts_as_long_as_the_timeout() -> None:
    outcome = timed_out(CALL, init_ms=None, usage=Usage(20))
    assert outcome.duration_ms == 1000
    assert outcome.limit is Limit.TIMEOUT
    assert json.loads(outcome.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: rid Error: Task timed out after 1.00 seconds",
    }


def test_memory_that_ran_out_is_a_kill_and_names_the_limit() -> None:
    usage = Usage(128, exit_code=None, limit=Limit.MEMORY)
    outcome = exited(CALL, duration_ms=1, init_ms=None, usage=usage)
    assert outcome.error_type == "Runtime.ExitError"
    assert b"signal: killed" in outcome.payload
    assert outcome.limit is Limit.MEMORY


def test_an_error_body_of_brackets_thousands_deep_is_only_text() -> None:
    answer = Answer(body=b"[" * 200_000, error_type="Odd")
    outcome = answered(answer, duration_ms=1, init_ms=None, usage=Usage(20))
    assert outcome.error_type == "Odd"
