"""The catalogue: what it lists and what it makes."""

import ast
import base64
import gzip
import hashlib
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.errors import Invalid, NotFound
from console.events import catalogue
from console.events.catalogue import Kind, Moment
from console.events.catalogue.words import FRESH, SERVICES

DATA = Path(catalogue.__file__).parent / "data"
MOMENT = Moment(at=datetime(2026, 11, 24, 13, 5, 6, 789000, tzinfo=UTC), id=uuid.UUID(int=7))
ODD = (
    'a "quoted" value', "back\\slash", "two\nlines\r\n", "tab\t\x00\x1b[31m", "\u2028\u2029",
    "é 漢字 😀", "</script><b>", '", "injected": "', "{{{region}}}", "}}}", "", " ", "/", "$&\\1",
)  # fmt: skip
ALL = [source.id for source in catalogue.sources()]


def shape(value: object) -> object:
    """A value with its strings and numbers left out: what a field must never change."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def test_hello_world_comes_first_and_is_what_everyone_knows():
    first = catalogue.sources()[0]
    assert first.id == "hello/hello-world"
    assert catalogue.render(first.id) == {"key1": "value1", "key2": "value2", "key3": "value3"}


def test_every_service_and_event_of_the_vendored_mapping_is_there():
    mapping = json.loads((DATA / "sam-cli" / "event-mapping.json").read_text())
    expected = {f"{service}/{event}" for service, events in mapping.items() for event in events}
    assert len(expected) == 68
    assert expected <= set(ALL)
    for source_id in expected:
        service, _, event = source_id.partition("/")
        names = [field.name for field in catalogue.find(source_id).fields]
        assert names == list(mapping[service][event]["tags"])


def test_every_source_has_words_for_people():
    assert len(set(ALL)) == len(ALL)
    for source in catalogue.sources():
        assert source.service in SERVICES.values()
        assert source.label
        assert source.about.endswith(".")
        assert len(source.id) <= 80
        for field in source.fields:
            assert field.label, (source.id, field.name)
            assert field.help, (source.id, field.name)
            if field.kind is Kind.CHOICE:
                assert field.default in field.choices


def test_a_service_is_listed_in_one_piece():
    services = [source.service for source in catalogue.sources()]
    assert [s for n, s in enumerate(services) if n == 0 or services[n - 1] != s] == list(
        SERVICES.values()
    )


@pytest.mark.parametrize("source_id", ALL)
def test_a_source_with_its_defaults_is_json_with_no_tag_left(source_id):
    text = catalogue.render_text(source_id)
    json.loads(text)
    assert "{{" not in text


@pytest.mark.parametrize("source_id", ALL)
def test_no_value_breaks_out_of_its_place(source_id):
    source = catalogue.find(source_id)
    plain = catalogue.render(source_id, moment=MOMENT)
    for field in source.fields:
        if field.kind in (Kind.CHOICE, Kind.NUMBER, Kind.JSON):
            continue
        for value in ODD:
            text = catalogue.render_text(source_id, {field.name: value}, moment=MOMENT)
            made = json.loads(text)
            # A topic and a query's names become keys, as the services have it.
            if field.name not in ("topic", "query"):
                assert shape(made) == shape(plain)
            json.loads(text.encode("utf-8"))


@pytest.mark.parametrize("source_id", ALL)
def test_every_field_is_in_the_event(source_id):
    source = catalogue.find(source_id)
    unused = {  # tags that the vendored mapping names and its templates do not use
        field.name
        for field in source.fields
        if field.kind in (Kind.TEXT, Kind.LONG)
        and catalogue.render(source_id, {field.name: "0987"}, moment=MOMENT)
        == catalogue.render(source_id, moment=MOMENT)
    }
    assert unused == UNUSED.get(source_id, set())


UNUSED: dict[str, set[str]] = {}


def test_an_object_key_is_url_encoded_as_s3_does_it():
    event = catalogue.render("s3/put", {"bucket": "photos", "key": "my photos/é+1.jpg"})
    assert event["Records"][0]["s3"]["object"]["key"] == "my+photos/%C3%A9%2B1.jpg"
    assert event["Records"][0]["s3"]["bucket"]["arn"] == "arn:aws:s3:::photos"


def test_a_body_in_base64_decodes_to_what_was_typed():
    event = catalogue.render("apigateway/aws-proxy", {"body": "naïve\n"})
    assert base64.b64decode(event["body"]).decode() == "naïve\n"
    assert event["isBase64Encoded"] is True


def test_a_query_string_becomes_an_object():
    event = catalogue.render("apigateway/aws-proxy", {"querystringparameters": '{"page": "2"}'})
    assert event["queryStringParameters"] == {"page": "2"}


def test_a_path_has_one_slash_in_front_however_it_was_typed():
    for typed in ("items/1", "/items/1"):
        event = catalogue.render("apigateway/http-api-request", {"path": typed})
        assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/items/1"


def test_a_query_string_is_given_in_every_form_that_the_service_gives_it():
    query = "page=2&tag=a&tag=b%20c&empty="
    http = catalogue.render("apigateway/http-api-request", {"query": query})
    assert http["rawQueryString"] == query
    assert http["queryStringParameters"] == {"page": "2", "tag": "a,b c", "empty": ""}
    rest = catalogue.render("apigateway/rest-request", {"query": query, "headers": '{"a": "b"}'})
    assert rest["queryStringParameters"] == {"page": "2", "tag": "b c", "empty": ""}
    assert rest["multiValueQueryStringParameters"]["tag"] == ["a", "b c"]
    assert rest["multiValueHeaders"] == {"a": ["b"]}


def test_the_catalogue_is_plain_code():
    for file in Path(catalogue.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith(("django", "channels", "celery"))


def test_the_md5_of_a_queue_message_is_right():
    record = catalogue.render("sqs/receive-message", {"body": "hey ü"})["Records"][0]
    assert record["md5OfBody"] == hashlib.md5("hey ü".encode()).hexdigest()


def test_the_topic_arn_has_its_account_although_the_template_spells_it_differently():
    record = catalogue.render("sns/notification", {"account-id": "111122223333"})["Records"][0]
    assert ":111122223333:" in record["EventSubscriptionArn"]


def test_log_lines_are_packed_as_cloudwatch_packs_them():
    event = catalogue.render("cloudwatch/log-lines", {"message": "one\ntwo"}, moment=MOMENT)
    batch = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert [entry["message"] for entry in batch["logEvents"]] == ["one", "two"]


def test_times_and_ids_are_of_the_moment():
    record = catalogue.render("s3/put", moment=MOMENT)["Records"][0]
    assert record["eventTime"] == "2026-11-24T13:05:06.789Z"
    event = catalogue.render("eventbridge/custom", moment=MOMENT)
    assert (event["time"], event["id"]) == ("2026-11-24T13:05:06Z", str(MOMENT.id))
    request = catalogue.render("apigateway/http-api-request", moment=MOMENT)["requestContext"]
    assert request["time"] == "24/Nov/2026:13:05:06 +0000"
    assert request["timeEpoch"] == 1795525506789


@pytest.mark.parametrize("source_id", sorted(FRESH))
def test_a_computed_value_has_the_type_of_the_sample_it_replaces(source_id):
    source = catalogue.find(source_id)
    made = catalogue.render(source_id)
    for pointer, _ in source.fresh:
        sample, value = source.template, made
        for step in pointer.split("/"):
            at = int(step) if isinstance(sample, list) else step
            sample, value = sample[at], value[at]
        assert isinstance(sample, str) == isinstance(value, str)


def test_two_renders_do_not_share_anything():
    catalogue.render("s3/put")["Records"].clear()
    catalogue.render("hello/hello-world").clear()
    assert catalogue.render("s3/put")["Records"]


@pytest.mark.parametrize(
    ("source_id", "fields", "field", "says"),
    [
        ("s3/s3-eventbridge", {"size": "many"}, "size", "must be a number"),
        ("s3/s3-eventbridge", {"size": "NaN"}, "size", "must be a number"),
        ("s3/s3-eventbridge", {"size": "1e999"}, "size", "must be a number"),
        ("eventbridge/custom", {"detail": "{"}, "detail", "line 1, column 2"),
        ("eventbridge/custom", {"detail": '{"a": NaN}'}, "detail", "must be JSON"),
        ("eventbridge/custom", {"detail": "[" * 100_000}, "detail", "must be JSON"),
        ("workmail/email", {"flow-direction": "SIDEWAYS"}, "flow-direction", "INBOUND, OUTBOUND"),
        ("s3/put", {"nonsense": "1"}, "nonsense", "has no field named nonsense"),
        ("s3/put", {"key": "\ud800"}, "key", "half of a character"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_field(source_id, fields, field, says):
    with pytest.raises(Invalid, match=says) as refusal:
        catalogue.render(source_id, fields)
    assert refusal.value.field == field


def test_an_unknown_source_is_refused():
    with pytest.raises(NotFound, match="no event source"):
        catalogue.render("s3/nothing")
