"""The Runtime API server: order, answers and refusals, by raw sockets."""

import json
import socket
import time

import pytest

from runner.runtime_api.server import RuntimeApiServer
from runner.spec import RESPONSE_LIMIT
from tests.integration.runner.runtimes.raw_client import (
    NEXT,
    ROOT,
    Client,
    Opened,
    error_of,
    wait_for,
)
from tests.integration.runner.runtimes.runtime_process import make_event


def test_next_carries_the_event_with_lambdas_headers(opened):
    runtime = opened.ready()
    assert opened.session.idle()
    event = make_event({"a": 1}, trace_id="Root=1", client_context='{"k":"ü"}')
    future = opened.session.invoke(event)
    assert not opened.session.idle()
    status, headers, body = runtime.answer()
    assert (status, body) == (200, b'{"a": 1}')
    assert headers["lambda-runtime-aws-request-id"] == event.request_id
    assert headers["lambda-runtime-deadline-ms"] == str(event.deadline_ms)
    assert headers["lambda-runtime-invoked-function-arn"] == event.invoked_arn
    assert headers["lambda-runtime-trace-id"] == "Root=1"
    assert headers["lambda-runtime-client-context"] == '{"k":"ü"}'
    assert "lambda-runtime-cognito-identity" not in headers
    runtime.post(f"invocation/{event.request_id}/response", b"[1]", "Content-Type: a/b")
    assert runtime.answer()[0] == 202
    answer = future.result(10)
    assert (answer.body, answer.content_type, answer.error_type) == (b"[1]", "a/b", "")
    assert not opened.session.idle()  # it has not asked again yet
    runtime.send(NEXT)
    wait_for(opened.session.idle)


def test_an_event_given_early_waits_for_the_runtime(opened):
    event = make_event("early")
    opened.session.invoke(event)
    runtime = opened.client()
    runtime.send(NEXT)
    assert runtime.answer()[2] == b'"early"'


def test_a_second_event_before_the_answer_is_an_error_of_the_caller(opened):
    opened.session.invoke(make_event())
    with pytest.raises(ValueError, match="has not answered"):
        opened.session.invoke(make_event())


def test_an_error_names_its_type_by_header_or_body(opened):
    runtime = opened.ready()
    for headers, body, expected in (
        (["Lambda-Runtime-Function-Error-Type: Mine"], b"{}", "Mine"),
        ([], b'{"errorType": "Told"}', "Told"),
        ([], b"not json", "Runtime.Unknown"),
    ):
        event = make_event()
        future = opened.session.invoke(event)
        runtime.answer()
        runtime.post(f"invocation/{event.request_id}/error", body, *headers)
        assert runtime.answer()[0] == 202
        assert (future.result(10).error_type, future.result(10).body) == (expected, body)
        runtime.send(NEXT)


def test_an_init_error_ends_the_initialisation(opened):
    runtime = opened.client()
    body = b'{"errorType": "Runtime.ImportModuleError"}'
    runtime.post("init/error", body)
    assert runtime.answer()[0] == 202
    error = opened.session.initialised.result(10)
    assert (error.error_type, error.body) == ("Runtime.ImportModuleError", body)
    runtime.send(NEXT)
    assert error_of(runtime.answer()) == (403, "InvalidStateTransition")


def test_an_init_error_after_next_is_refused(opened):
    opened.ready()
    second = opened.client()
    second.post("init/error", b"{}")
    assert error_of(second.answer()) == (403, "InvalidStateTransition")


def test_answers_that_fit_no_event_are_refused_in_awss_words(opened):
    runtime = opened.ready()
    other = opened.client()
    other.post("invocation/nothing/response", b"1")
    status, _, body = other.answer()
    assert status == 403
    assert json.loads(body) == {
        "errorMessage": "State transition from Ready to InvocationResponse failed for runtime. "
        "Error: State transition is not allowed",
        "errorType": "InvalidStateTransition",
    }
    event = make_event()
    future = opened.session.invoke(event)
    runtime.answer()
    other = opened.client()
    other.post("invocation/another/response", b"1")
    assert error_of(other.answer()) == (400, "InvalidRequestID")
    runtime.post(f"invocation/{event.request_id}/response", b"1")
    assert runtime.answer()[0] == 202
    runtime.post(f"invocation/{event.request_id}/response", b"2")
    assert error_of(runtime.answer()) == (403, "InvalidStateTransition")
    assert future.result(10).body == b"1"


def test_a_response_over_the_limit_is_drained_and_refused(opened):
    runtime = opened.ready()
    event = make_event()
    future = opened.session.invoke(event)
    runtime.answer()
    runtime.post(f"invocation/{event.request_id}/response", b"x" * (RESPONSE_LIMIT + 1))
    assert error_of(runtime.answer()) == (413, "RequestEntityTooLarge")
    answer = future.result(10)
    assert (answer.too_large, answer.size) == (True, RESPONSE_LIMIT + 1)
    assert len(answer.body) < 100_000


def test_an_unknown_response_mode_is_refused_and_told(opened):
    runtime = opened.ready()
    event = make_event()
    future = opened.session.invoke(event)
    runtime.answer()
    header = "Lambda-Runtime-Function-Response-Mode: sideways"
    runtime.post(f"invocation/{event.request_id}/response", b"1", header)
    assert error_of(runtime.answer()) == (400, "InvalidFunctionResponseMode")
    assert future.result(10).error_type == "Runtime.InvalidResponseModeHeader"


def test_a_stream_cut_off_by_its_connection_is_told_as_truncated(opened):
    runtime = opened.ready()
    event = make_event()
    future = opened.session.invoke(event)
    runtime.answer()
    runtime.send(
        f"POST {ROOT}/invocation/{event.request_id}/response HTTP/1.1\r\n"
        "Transfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n"
        "5\r\nbegun\r\n".encode()
    )
    time.sleep(0.1)
    runtime.socket.close()
    answer = future.result(10)
    assert answer.error_type == "Runtime.TruncatedResponse"
    assert (answer.body, answer.streamed) == (b"begun", True)


def test_a_buffered_response_cut_off_may_be_posted_again(opened):
    runtime = opened.ready()
    event = make_event()
    future = opened.session.invoke(event)
    runtime.answer()
    path = f"{ROOT}/invocation/{event.request_id}/response"
    runtime.send(f"POST {path} HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf".encode())
    runtime.socket.close()
    time.sleep(0.1)
    again = opened.client()
    again.post(f"invocation/{event.request_id}/response", b"whole")
    assert again.answer()[0] == 202
    assert future.result(10).body == b"whole"


def test_a_client_that_expects_100_is_told_to_go_on(opened):
    runtime = opened.ready()
    event = make_event()
    future = opened.session.invoke(event)
    runtime.answer()
    path = f"{ROOT}/invocation/{event.request_id}/response"
    runtime.send(
        f"POST {path} HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode()
    )
    assert runtime.answer()[0] == 100
    runtime.send(b"42")
    assert runtime.answer()[0] == 202
    assert future.result(10).body == b"42"


def test_pipelined_requests_are_answered_in_order(opened):
    runtime = opened.ready()
    event = make_event()
    future = opened.session.invoke(event)
    runtime.answer()
    body = b"1"
    runtime.send(
        f"POST {ROOT}/invocation/{event.request_id}/response HTTP/1.1\r\n"
        f"Content-Length: {len(body)}\r\n\r\n1".encode()
        + NEXT
    )
    assert runtime.answer()[0] == 202
    assert future.result(10).body == b"1"
    second = make_event("second")
    opened.session.invoke(second)
    assert runtime.answer()[2] == b'"second"'


def test_a_runtime_that_lost_its_connection_gets_the_event_again(opened):
    runtime = opened.ready()
    opened.session.invoke(make_event("again"))
    runtime.answer()
    runtime.socket.close()
    other = opened.client()
    other.send(NEXT)
    assert other.answer()[2] == b'"again"'


def test_an_event_is_not_given_again_without_end(opened):
    runtime = opened.ready()
    opened.session.invoke(make_event("again"))
    runtime.answer()
    statuses = []
    for _ in range(5):
        other = opened.client()
        other.send(NEXT)
        statuses.append(other.answer()[0])
    assert statuses == [200, 200, 200, 403, 403]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET / HTTP/1.1", 404),
        ("GET /2018-06-01/runtime/elsewhere HTTP/1.1", 404),
        ("POST /2018-06-01/runtime/invocation/next HTTP/1.1", 405),
        ("GET /2018-06-01/runtime/init/error HTTP/1.1", 405),
        ("rubbish", 400),
    ],
)
def test_what_does_not_exist_is_refused_and_the_connection_closed(opened, line, status):
    client = opened.client()
    client.send(f"{line}\r\n\r\n".encode())
    assert client.answer()[0] == status
    assert client.closed()


def test_closing_fails_whoever_waits_and_the_port_is_gone(opened):
    runtime = opened.ready()
    future = opened.session.invoke(make_event())
    opened.session.close()
    opened.session.close()
    with pytest.raises(ConnectionError):
        future.result(10)
    with pytest.raises(ConnectionError):
        opened.session.invoke(make_event()).result(10)
    with pytest.raises(ConnectionError):
        Client(opened.port)
    runtime.socket.close()


def test_closing_before_the_first_next_fails_the_initialisation(opened):
    opened.session.close()
    with pytest.raises(ConnectionError):
        opened.session.initialised.result(10)


def test_a_closed_server_takes_no_listener():
    server = RuntimeApiServer()
    opened = Opened(server)
    server.close()
    server.close()
    with pytest.raises(ConnectionError):
        opened.session.initialised.result(10)
    listener = socket.create_server(("127.0.0.1", 0))
    with pytest.raises(RuntimeError):
        server.open(listener)
    listener.close()
