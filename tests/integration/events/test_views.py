"""The addresses of test events: JSON shapes, roles, refusals."""

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from console.events import services
from console.events.models import EventRun, TestEvent
from tests.integration.events.conftest import make_run, save, signed_in

BASE = "/111122223333/functions/greet/events/"
JSON = {"content_type": "application/json", "HTTP_ACCEPT": "application/json"}


def post(client, path: str, body: object = None):
    return client.post(f"{BASE}{path}", json.dumps(body or {}), **JSON)


def test_the_list_has_what_the_editors_side_bar_needs(function, alice, bob):
    save(function, alice, name="shared", sharing="shared", expectation={"outcome": "fails"})
    save(function, alice, name="hidden")
    [row] = signed_in(bob).get(f"{BASE}?format=json").json()
    assert {"id", "name", "sharing", "owner", "body", "source", "expectation"} <= set(row)
    assert (row["name"], row["owner"], row["mine"]) == ("shared", "alice", False)
    assert row["body"] == '{"a": 1}'


def test_a_browser_that_asks_for_the_list_is_led_to_the_test_tab(function, alice):
    answer = signed_in(alice).get(BASE)
    assert answer["Location"] == "/111122223333/functions/greet/test/"


def test_an_event_is_made_and_changed(function, bob):
    client = signed_in(bob)
    new = {"id": None, "name": "mine", "sharing": "private", "body": "{}", "source": "hello-world"}
    made = post(client, "save/", new).json()
    assert made["source"] == ""  # not of the catalogue: kept as free JSON
    changed = {**new, "id": made["id"], "body": "[1]", "sharing": "shareable"}
    saved = post(client, "save/", changed).json()
    assert (saved["body"], saved["sharing"], saved["revision"]) == ("[1]", "shared", 2)
    assert client.get(f"{BASE}{made['id']}/").json() == saved


def test_an_expected_response_keeps_its_long_numbers(function, bob):
    client = signed_in(bob)
    text = '{"id": 12345678901234567890, "rate": 1.0}'
    new = {"name": "mine", "body": "{}", "expectation": {"outcome": "", "subset_text": text}}
    saved = post(client, "save/", new).json()
    assert "12345678901234567890" in saved["subset_text"]
    assert "1.0" in saved["subset_text"]
    assert list(saved["expectation"]) == ["subset"]
    emptied = {**new, "id": saved["id"], "expectation": {"subset_text": " "}}
    assert post(client, "save/", emptied).json()["expectation"] == {}
    wrong = {**new, "name": "other", "expectation": {"subset_text": "{"}}
    answer = post(client, "save/", wrong)
    assert (answer.status_code, answer.json()["field"]) == (400, "subset")


def test_a_refusal_names_the_field_and_the_place(function, bob):
    answer = post(signed_in(bob), "save/", {"name": "x", "body": '{\n "a": }'})
    assert answer.status_code == 400
    refusal = answer.json()
    assert refusal["field"] == "body"
    assert "line 2, column 7" in refusal["message"]


@pytest.mark.parametrize(
    "body", ["[]", "{", "null", '{"name": 1, "body": "{}"}', '{"name": "a"}',
             '{"name": "a", "body": "{}", "id": "one"}',
             '{"name": "a", "body": "{}", "fields": []}'],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused(function, bob, body):
    assert signed_in(bob).post(f"{BASE}save/", body, **JSON).status_code == 400


def test_a_viewer_reads_and_does_nothing_else(function, alice, vera):
    event = save(function, alice, sharing="shared", expectation={"outcome": "fails"})
    client = signed_in(vera)
    assert client.get(f"{BASE}?format=json").status_code == 200
    assert client.get(f"{BASE}{event.pk}/").status_code == 200
    assert client.get(f"{BASE}{event.pk}/history/").status_code == 200
    assert client.get(f"{BASE}export/").status_code == 200
    for path in (
        "save/", "import/", "import-draft/", "export-draft/", "run/",
        f"{event.pk}/rename/", f"{event.pk}/share/", f"{event.pk}/unshare/",
        f"{event.pk}/duplicate/", f"{event.pk}/delete/", f"{event.pk}/restore/",
        f"{event.pk}/check/{uuid.uuid4()}/", f"from-invocation/{uuid.uuid4()}/", "runs/1/stop/",
    ):  # fmt: skip
        assert post(client, path).status_code == 403, path
    assert TestEvent.objects.count() == 1


def test_a_stranger_finds_nothing_and_nobody_is_asked_to_sign_in(function, alice, charlie, client):
    event = save(function, alice, sharing="shared")
    for path in ("", f"{event.pk}/", "export/", "sources/"):
        assert signed_in(charlie).get(f"{BASE}{path}?format=json").status_code == 404
        assert client.get(f"{BASE}{path}", HTTP_ACCEPT="application/json").status_code == 401


def test_another_persons_private_event_is_not_found(function, alice, bob):
    event = save(function, alice)
    client = signed_in(bob)
    assert client.get(f"{BASE}{event.pk}/").status_code == 404
    assert client.get(f"{BASE}{event.pk}/history/").status_code == 404
    assert client.get(f"{BASE}export/?event={event.pk}").status_code == 404
    assert post(client, f"{event.pk}/delete/").status_code == 404


def test_renaming_sharing_copying_restoring_deleting(function, alice):
    client, event = signed_in(alice), save(function, alice)
    one = f"{event.pk}/"
    assert post(client, f"{one}rename/", {"name": "new"}).json()["name"] == "new"
    assert post(client, f"{one}share/").json()["sharing"] == "shared"
    assert post(client, f"{one}unshare/").json()["sharing"] == "private"
    assert post(client, f"{one}duplicate/").json()["name"] == "new copy"
    save(function, alice, name="new", event_id=event.pk, body="{}")
    assert post(client, f"{one}restore/", {"revision": 1}).json()["body"] == '{"a": 1}'
    assert post(client, f"{one}delete/").status_code == 200
    assert client.get(f"{BASE}{one}").status_code == 404


def test_the_history_shows_what_changed(function, alice):
    event = save(function, alice, body='{\n  "a": 1\n}')
    save(function, alice, event_id=event.pk, body='{\n  "a": 2\n}', expectation={"longest_ms": 3})
    history = signed_in(alice).get(f"{BASE}{event.pk}/history/").json()
    assert [one["revision"] for one in history["revisions"]] == [2, 1]
    assert ["-", '  "a": 1'] in history["difference"]
    assert ["+", '  "a": 2'] in history["difference"]
    assert ["+", '  "longest_ms": 3'] in history["expectation"]
    assert signed_in(alice).get(f"{BASE}{event.pk}/history/?from=9&to=2").status_code == 404


def test_the_catalogue_and_a_rendered_event(function, vera):
    client = signed_in(vera)
    rows = client.get(f"{BASE}sources/").json()
    assert rows[0]["id"] == "hello/hello-world"
    body = post(client, "render/", {"source": "s3/put", "fields": {"bucket": "b", "key": "k"}})
    assert json.loads(body.json()["body"])["Records"][0]["s3"]["bucket"]["name"] == "b"
    refused = post(client, "render/", {"source": "eventbridge/custom", "fields": {"detail": "{"}})
    assert (refused.status_code, refused.json()["field"]) == (400, "detail")
    assert post(client, "render/", {"source": "nothing/at-all"}).status_code == 404


def test_files_go_out_and_in(function, alice):
    client = signed_in(alice)
    save(function, alice, name="one")
    answer = client.get(f"{BASE}export/")
    assert answer["Content-Disposition"] == 'attachment; filename="greet-test-events.json"'
    TestEvent.objects.all().delete()
    upload = SimpleUploadedFile("events.json", answer.content)
    done = client.post(f"{BASE}import/", {"file": upload})
    assert done.json()["message"] == "Imported: 1 created."
    plain = SimpleUploadedFile("records.JSON", b'{"Records": []}')
    client.post(f"{BASE}import/", {"file": plain})
    assert sorted(TestEvent.objects.values_list("name", flat=True)) == ["one", "records"]
    for wrong in ({}, {"file": SimpleUploadedFile("x.json", b"\xff\xfe")}):
        assert (
            client.post(f"{BASE}import/", wrong, HTTP_ACCEPT="application/json").status_code == 400
        )


def test_events_go_to_the_files_and_come_back(function, alice):
    client, event = signed_in(alice), save(function, alice, name="one", sharing="shared")
    done = post(client, "export-draft/", {"events": [event.pk]}).json()
    assert done["paths"] == ["events/one.json"]
    assert "1 unchanged" in post(client, "import-draft/").json()["message"]


def test_a_past_run_becomes_an_event_from_a_form_and_again(function, alice):
    request_id = make_run(function, b'{"from": "a run"}')
    for name in (f"run-{request_id[:8]}", f"run-{request_id[:8]} copy"):
        answer = signed_in(alice).post(f"{BASE}from-invocation/{request_id}/")
        saved = TestEvent.objects.get(name=name)
        assert answer["Location"].endswith(f"/greet/test/?event={saved.pk}")
    answer = post(signed_in(alice), f"from-invocation/{request_id}/", {"name": "kept"})
    assert (answer.json()["name"], answer.json()["body"]) == ("kept", '{"from": "a run"}')


def test_a_run_is_recorded_looked_at_and_stopped(function, alice):
    client = signed_in(alice)
    assert post(client, "run/", {"target": "draft"}).status_code == 400
    save(function, alice, name="one", expectation={"outcome": "succeeds"})
    started = services.start_run(function=function, by=alice, target="draft")
    EventRun.objects.update(lease_expires_at="2999-01-01T00:00:00Z")
    now = client.get(f"{BASE}runs/{started.pk}/").json()
    assert now["state"] == "running"
    assert now["summary"]["text"] == "0 of 1 done, 0 passed"
    stopped = post(client, f"runs/{started.pk}/stop/").json()
    assert (stopped["state"], stopped["cases"][0]["state"]) == ("stopped", "stopped")
    assert client.get(f"{BASE}runs/999/").status_code == 404


def test_starting_a_run_enqueues_it_once_it_is_committed(
    function, alice, django_capture_on_commit_callbacks
):
    save(function, alice, name="one", expectation={"outcome": "succeeds"})
    with django_capture_on_commit_callbacks() as callbacks:
        answer = post(signed_in(alice), "run/", {"target": "$LATEST"})
    assert answer.json()["run"] == EventRun.objects.get().pk
    assert len(callbacks) == 1


def test_a_look_at_an_abandoned_run_has_it_taken_over(
    function, alice, django_capture_on_commit_callbacks
):
    save(function, alice, name="one", expectation={"outcome": "succeeds"})
    run = services.start_run(function=function, by=alice, target="draft")
    with django_capture_on_commit_callbacks() as callbacks:
        signed_in(alice).get(f"{BASE}runs/{run.pk}/")
    assert len(callbacks) == 1


def test_the_test_tab_of_a_thousand_events_does_not_load_their_bodies(
    function, alice, django_assert_max_num_queries
):
    TestEvent.objects.bulk_create(
        TestEvent(function=function, owner=alice, name=f"e{number:04}", body="[]" + " " * 5_000)
        for number in range(1_000)
    )
    from console.events import queries
    from console.events.templatetags.test_events import _listed

    with django_assert_max_num_queries(1):
        rows = [_listed(one, alice) for one in queries.listed(function=function, user=alice)]
    assert len(rows) == 1_000
    assert len(json.dumps(rows)) < 300_000


def test_the_list_of_very_large_events_leaves_bodies_out(function, alice):
    for number in range(3):
        save(function, alice, name=str(number), body=f'"{"x" * 4_000_000}"')
    rows = signed_in(alice).get(f"{BASE}?format=json").json()
    assert [row["body"] is None for row in rows] == [False, True, True]
