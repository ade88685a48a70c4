"""Bringing events in and out."""

import json
import uuid
from dataclasses import dataclass

import pytest

from console.errors import Conflict, Forbidden, Invalid, NotFound
from console.events import queries, services
from console.events.models import TestEvent
from console.functions import blueprints
from console.functions.services import create_function, duplicate_function
from editor import queries as files
from tests.integration.events.conftest import make_run, save


@dataclass(frozen=True)
class Sample:
    name: str
    body: str
    source: str = ""


def test_a_blueprints_events_are_there_as_shared_events(account, alice, bob):
    function = create_function(
        account=account, name="new", runtime="python3.12", by=alice,
        files={"lambda_function.py": b""},
        events=[Sample("first", '{"a": 1}', "hello/hello-world")],
    )  # fmt: skip
    [event] = queries.visible(function=function, user=bob)
    assert (event.name, event.sharing, event.source) == ("first", "shared", "hello/hello-world")


def test_every_blueprints_events_can_be_saved_and_their_sources_exist(function, alice):
    for blueprint in blueprints.every():
        assert blueprint.events
        for sample in blueprint.events:
            save(
                function, alice, name=f"{blueprint.name}-{sample.name}", body=sample.body,
                source=sample.source,
            )  # fmt: skip


def test_a_duplicate_has_the_shared_events_and_the_persons_own(function, alice, bob):
    save(function, alice, name="shared", sharing="shared", expectation={"outcome": "fails"})
    save(function, alice, name="mine")
    save(function, bob, name="bobs")
    copy = duplicate_function(function=function, name="copy", by=alice)
    events = list(queries.visible(function=copy, user=alice))
    assert [event.name for event in events] == ["mine", "shared"]
    assert events[1].expectation == {"outcome": "fails"}


def test_events_go_to_the_functions_files_and_come_back(function, alice):
    body = '{ "a":1 }\n'
    save(function, alice, name="one", sharing="shared", body=body, expectation={"longest_ms": 9})
    save(function, alice, name="two", sharing="shared")
    paths = services.export_to_draft(function=function, by=alice)
    assert paths == ["events/one.expect.json", "events/one.json", "events/two.json"]
    texts = files.texts(workspace=function.draft, paths=paths)
    assert texts["events/one.json"] == body.encode()
    assert str(services.import_from_draft(function=function, by=alice)) == "2 unchanged"
    TestEvent.objects.all().delete()
    assert str(services.import_from_draft(function=function, by=alice)) == "2 created"
    one = queries.visible(function=function, user=alice).get(name="one")
    assert (one.body, one.expectation, one.sharing) == (body, {"longest_ms": 9}, "shared")


def test_saving_the_same_events_to_files_again_changes_nothing(function, alice):
    save(function, alice)
    services.export_to_draft(function=function, by=alice)
    function.draft.refresh_from_db()
    before = function.draft.revision
    services.export_to_draft(function=function, by=alice)
    function.draft.refresh_from_db()
    assert function.draft.revision == before


def test_a_private_and_a_shared_event_of_one_name_cannot_be_one_file(function, alice):
    save(function, alice)
    save(function, alice, sharing="shared")
    with pytest.raises(Conflict, match="would be one file"):
        services.export_to_draft(function=function, by=alice)


def test_an_invoker_may_not_write_the_functions_files(function, bob):
    save(function, bob)
    with pytest.raises(Forbidden):
        services.export_to_draft(function=function, by=bob)


def test_a_function_without_event_files_says_so(function, alice):
    with pytest.raises(NotFound, match=r"no files events/\*\.json"):
        services.import_from_draft(function=function, by=alice)


def test_a_file_that_is_not_json_is_named_and_nothing_is_taken_in(function, alice):
    from editor.services import Change, save_files

    changes = [
        Change("events/a.json", b"{}", 0),
        Change("events/b.json", b"{oops}", 0),
    ]
    save_files(workspace=function.draft, changes=changes, by=alice)
    with pytest.raises(Invalid, match="“b”: Not JSON: line 1, column 2"):
        services.import_from_draft(function=function, by=alice)
    assert not TestEvent.objects.exists()


def test_a_document_goes_out_and_comes_in_elsewhere(function, account, alice, bob):
    save(function, alice, name="one", sharing="shared", source="s3/put", fields={"bucket": "b"})
    save(function, alice, name="two", expectation={"subset": {"a": [1]}})
    document = services.export_document(function=function, by=alice)
    other = create_function(
        account=account, name="other", runtime="python3.12", by=alice,
        files={"lambda_function.py": b""},
    )  # fmt: skip
    done = services.import_document(
        function=other, by=alice, name="x", text=json.dumps(document), sharing="private"
    )
    assert str(done) == "2 created"
    again = services.export_document(function=other, by=alice)
    assert again["events"] == document["events"]
    assert [
        event["name"] for event in services.export_document(function=function, by=bob)["events"]
    ] == ["one"]


def test_any_json_file_becomes_one_event(function, bob):
    text = '{ "Records": [] }'
    services.import_document(
        function=function, by=bob, name="records", text=text, sharing="private"
    )
    assert queries.visible(function=function, user=bob).get().body == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "Not JSON"),
        ('{"format": "virga-test-events", "version": 2, "events": []}', "newer Virga"),
        ('{"format": "virga-test-events", "version": 1, "events": [1]}', "must be an object"),
        ('{"format": "virga-test-events", "version": 1, "events": [{"name": "a"}]}', "a body"),
        (
            '{"format": "virga-test-events", "version": 1, '
            '"events": [{"name": "a", "body": "{}", "fields": 3}]}',
            "must be objects",
        ),
        (
            '{"format": "virga-test-events", "version": 1, '
            '"events": [{"name": "../a", "body": "{}"}]}',
            "name of a file",
        ),
    ],
)
def test_a_document_that_makes_no_sense_is_refused(function, bob, text, says):
    with pytest.raises(Invalid, match=says):
        services.import_document(function=function, by=bob, name="x", text=text, sharing="private")


def test_a_past_runs_input_becomes_an_event(function, bob):
    request_id = make_run(function, b'{"from":  "a run"}')
    saved = services.save_from_invocation(
        function=function, by=bob, request_id=request_id, name="kept", sharing="private"
    )
    assert saved.body == '{"from":  "a run"}'


def test_another_functions_run_is_not_found(function, account, alice):
    other = create_function(
        account=account, name="other", runtime="python3.12", by=alice,
        files={"lambda_function.py": b""},
    )  # fmt: skip
    request_id = make_run(other, b"{}")
    for unknown in (request_id, str(uuid.uuid4())):
        with pytest.raises(NotFound, match="not kept any more"):
            services.save_from_invocation(
                function=function, by=alice, request_id=unknown, name="kept", sharing="private"
            )
