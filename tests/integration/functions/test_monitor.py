"""The Monitor tab: the list of runs and one run."""

import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from console.accounts.roles import Role
from console.functions import queries, services, statistics
from runner.models import Invocation, Payload

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "/111122223333/functions/rain/monitor/"
CODE = b"""def lambda_handler(event, context):
    print("<script>alert(1)</script>")
    if event.get("fail"):
        raise ValueError("<b>wet</b>")
    return {"html": "<img src=x>"}
"""


@pytest.fixture
def rain(runner, account, alice):
    return services.create_function(
        account=account,
        name="rain",
        runtime="python3.11",
        files={"lambda_function.py": CODE},
        by=alice,
    )


def run(function, event: bytes, qualifier: str = "$LATEST") -> str:
    request_id = services.invoke(
        account=function.account,
        function=function,
        qualifier=qualifier,
        event=event,
        caller="user:alice",
        label="hello",
    )
    for _ in range(200):
        if Invocation.objects.get(pk=request_id).finished_at:
            return request_id
        time.sleep(0.1)
    raise AssertionError("it did not end")


def test_runs_are_listed_and_filtered(visitor, rain) -> None:
    good = run(rain, b"{}")
    bad = run(rain, b'{"fail": 1}', "draft")
    page = visitor.get(BASE).content.decode()
    assert good in page
    assert bad in page
    headers = {"HX-Request": "true"}
    for query, found, missing in (
        ("state=failed", bad, good),
        ("version=draft", bad, good),
        ("version=$LATEST", good, bad),
        (f"request_id={good[:10]}", good, bad),
    ):
        rows = visitor.get(f"{BASE}?{query}", headers=headers).content.decode()
        assert found in rows, query
        assert missing not in rows, query
    assert (
        "Nothing matches" in visitor.get(f"{BASE}?request_id=zz", headers=headers).content.decode()
    )


def test_a_run_shows_input_output_log_and_never_as_markup(visitor, rain) -> None:
    page = visitor.get(f"{BASE}{run(rain, b'{}')}/").content.decode()
    assert "Execution result: succeeded" in page
    assert "&lt;img src=x&gt;" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "REPORT RequestId:" in page
    assert "Cost of this call" in page


def test_a_failed_run_shows_its_trace(visitor, rain) -> None:
    request_id = run(rain, b'{"fail": 1}')
    page = visitor.get(f"{BASE}{request_id}/").content.decode()
    assert "Execution result: failed" in page
    assert "ValueError" in page
    assert "<b>wet" not in page
    assert "Traceback" in page


def test_run_again_runs_the_same_event_on_the_same_target(visitor, rain) -> None:
    first = run(rain, b'{"n": 7}', "draft")
    answer = visitor.post(f"{BASE}{first}/again/")
    assert answer.status_code == 302
    again = Invocation.objects.exclude(pk=first).get()
    assert bytes(again.payload.event) == b'{"n": 7}'
    assert again.draft
    assert again.label == "hello"
    assert str(again.pk) in answer["Location"]


def test_running_again_asks_for_the_role(client, member, rain) -> None:
    first = run(rain, b"{}")
    client.force_login(member(Role.VIEWER))
    assert client.get(f"{BASE}{first}/").status_code == 200
    assert client.post(f"{BASE}{first}/again/").status_code == 403
    client.force_login(member(Role.INVOKER))
    assert client.post(f"{BASE}{first}/again/").status_code == 302
    draft = run(rain, b"{}", "draft")
    assert client.post(f"{BASE}{draft}/again/").status_code == 403


def test_another_functions_run_is_not_found_here(visitor, rain, alice) -> None:
    other = services.duplicate_function(function=rain, name="snow", by=alice)
    request_id = run(other, b"{}")
    assert visitor.get(f"{BASE}{request_id}/").status_code == 404


@pytest.mark.parametrize(
    "response",
    [b"[" * 100_000 + b"]" * 100_000, b'{"errorMessage": "\\ud800 \\u0000"}', b"\x00\xff"],
    ids=["deep", "half a character", "no text"],
)
def test_no_response_breaks_the_page_of_its_run(visitor, rain, response) -> None:
    request_id = run(rain, b"{}")
    Payload.objects.filter(pk=request_id).update(response=response)
    Invocation.objects.filter(pk=request_id).update(
        state="failed", function_error="Unhandled", error_type="E", error_message="\ufffd"
    )
    assert visitor.get(f"{BASE}{request_id}/").status_code == 200


@pytest.mark.parametrize("span", statistics.SPANS)
def test_the_chart_counts_every_run_that_the_summary_counts(rain, span) -> None:
    row = Invocation.objects.get(pk=run(rain, b"{}"))
    length = statistics.SPANS[span][1]
    for number in range(8):
        row.pk = uuid.uuid4()
        row.state = "failed" if number % 2 else "succeeded"
        row.created_at = timezone.now() - length * number / 8 - timedelta(seconds=1)
        row.save(force_insert=True)
    points = statistics.points(queries.runs_of(rain), span, sample=3)
    assert sum(point.count for point in points) == 9
    assert sum(point.errors for point in points) == 4
    assert sum(point.count > 0 for point in points) == 8
