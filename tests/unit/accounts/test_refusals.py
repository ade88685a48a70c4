"""What an error says to the person, and in which form."""

import json

import pytest
from django.test import RequestFactory

from console.accounts import refusals
from console.errors import Conflict, Forbidden, Invalid, NotFound, Throttled
from runner import errors as runner


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("x"), 404, "ResourceNotFoundException"),
        (Conflict("x"), 409, "ResourceConflictException"),
        (Forbidden("x"), 403, "AccessDeniedException"),
        (Invalid("x", field="f"), 400, "InvalidParameterValueException"),
        (Throttled("x"), 429, "TooManyRequestsException"),
        (runner.PayloadTooLarge("x"), 413, "RequestTooLargeException"),
        (runner.PayloadNotJson("x"), 400, "InvalidRequestContentException"),
        (runner.TooManyRequests("x", reason="r"), 429, "TooManyRequestsException"),
        (runner.InvocationNotFound("x"), 404, "ResourceNotFoundException"),
        (runner.NoBackend("x"), 503, "NoBackend"),
        (runner.SandboxFailed("x"), 500, "ServiceException"),
    ],
)
def test_every_refusal_has_its_status_and_code(error, status, code):
    refusal = refusals.refusal_of(error)
    assert (refusal.status, refusal.code, refusal.message) == (status, code, "x")


def test_a_bug_is_no_refusal():
    assert refusals.refusal_of(ValueError("x")) is None
    middleware = refusals.RefusalMiddleware(lambda request: None)
    assert middleware.process_exception(RequestFactory().get("/"), ValueError("x")) is None


@pytest.mark.parametrize(
    ("headers", "json_wanted"),
    [
        ({"Accept": "text/html,application/xhtml+xml"}, False),
        ({"Accept": "application/json"}, True),
        ({"Sec-Fetch-Dest": "empty"}, True),
        ({"Sec-Fetch-Dest": "document"}, False),
    ],
)
def test_scripts_are_answered_in_json_and_people_with_a_page(headers, json_wanted):
    request = RequestFactory().get("/", headers=headers)
    assert refusals.wants_json(request) is json_wanted


def test_the_detail_of_a_broken_sandbox_is_for_the_log_alone(caplog):
    request = RequestFactory().get("/", headers={"Accept": "application/json"})
    error = runner.SandboxFailed("It did not start.", detail="/secret/path refused")
    answer = refusals.RefusalMiddleware(lambda _: None).process_exception(request, error)
    assert json.loads(answer.content)["message"] == "It did not start."
    assert "secret" not in answer.content.decode()
    assert "/secret/path refused" in caplog.text


def test_the_page_of_a_bug_asks_nothing_of_the_database(settings):
    answer = refusals.broken(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()
