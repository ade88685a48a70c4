"""Bringing events in and out: files of the draft, documents, blueprints, past runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import transaction

from console.accounts.access import authorize
from console.accounts.models import User
from console.accounts.roles import Action
from console.errors import Conflict, Invalid, NotFound
from console.events import bodies, catalogue, expectations, queries
from console.events.models import TestEvent
from console.events.services.saving import content_of, create, free_name, save_event
from console.functions.models import Function
from console.functions.queries import arn_of
from editor import queries as files
from editor import services as editor
from runner import services as runner

FOLDER = "events/"
EXPECTED = ".expect.json"
FORMAT = "virga-test-events"
MOST = 1_000
"""Events of one import."""


class Sample(Protocol):
    """A test event that comes with a blueprint."""

    @property
    def name(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def __str__(self) -> str:
        parts = [
            f"{number} {word}"
            for number, word in (
                (self.created, "created"),
                (self.changed, "changed"),
                (self.unchanged, "unchanged"),
            )
            if number
        ]
        return ", ".join(parts) or "nothing to import"


def adopt_blueprint_events(
    *, function: Function, events: Sequence[Sample], by: User | None
) -> list[TestEvent]:
    """Make a new function's blueprint events its shared test events. Refuses nothing."""
    return [
        create(
            function=function,
            by=by,
            sharing=TestEvent.Sharing.SHARED,
            kept={"name": event.name, "body": event.body, "source": event.source},
        )
        for event in events
    ]


def copy_events(*, source: Function, to: Function, by: User | None) -> int:
    """Copy the shared events of a function, and the person's own, to its duplicate."""
    events = (
        queries.visible(function=source, user=by)
        if by
        else source.test_events.filter(sharing=TestEvent.Sharing.SHARED)
    )
    for event in events:
        kept = {"name": event.name, **content_of(event)}
        create(function=to, by=by, sharing=event.sharing, kept=kept)
    return len(events)


def save_from_invocation(
    *, function: Function, by: User, request_id: str, name: str, sharing: str
) -> TestEvent:
    """Keep the input of a past run as a test event; without a name, under the run's id.

    Refuses with NotFound a run that is not this function's or is not kept any more.
    """
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    body = input_of(function=function, request_id=request_id)
    if not name:
        taken = set(queries.visible(function=function, user=by).values_list("name", flat=True))
        name = f"run-{request_id[:8]}"
        name = free_name(name, taken) if name in taken else name
    return save_event(function=function, by=by, name=name, body=body, sharing=sharing)


def input_of(*, function: Function, request_id: str) -> str:
    """The event that a past run was given. Refuses with NotFound."""
    runs: Any = runner.invocations(account_id=function.account_id, function_arn=arn_of(function))
    invocation = runs.filter(request_id=request_id).select_related("payload").first()
    if invocation is None or not hasattr(invocation, "payload"):
        raise NotFound(
            "That run is not kept any more, so its input cannot be saved. "
            "The account's settings say how long runs are kept."
        )
    return bytes(invocation.payload.event).decode()


def export_document(*, function: Function, by: User, ids: Sequence[int] = ()) -> dict[str, Any]:
    """Events, all that the person sees or those with these ids, as one JSON document."""
    authorize(user=by, account_id=function.account_id, action=Action.VIEW)
    return {
        "format": FORMAT,
        "version": 1,
        "function": function.name,
        "events": [
            {"name": event.name, "sharing": event.sharing, **content_of(event)}
            for event in _chosen(function, by, ids)
        ],
    }


def import_document(
    *, function: Function, by: User, name: str, text: str, sharing: str
) -> Imported:
    """Take in a document of `export_document`, or any JSON as one event named `name`.

    An event of the same name and sharing gets a new revision. All or nothing;
    refuses with Invalid, naming the event that cannot be taken.
    """
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    value = bodies.check_body(text)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        return _take_in(function, by, [{"name": name, "body": text, "sharing": sharing}])
    entries = value.get("events")
    if value.get("version") != 1 or not isinstance(entries, list):
        raise Invalid("This file was made by a newer Virga: export it again from there.")
    return _take_in(function, by, entries)


def import_from_draft(*, function: Function, by: User) -> Imported:
    """Take in `events/*.json` of the function's files as shared events.

    `events/<name>.expect.json` holds the expectation of `events/<name>.json`.
    """
    authorize(user=by, account_id=function.account_id, action=Action.SAVE_EVENT)
    paths = [
        listed.path
        for listed in files.listing(function.draft)
        if listed.path.startswith(FOLDER) and listed.path.endswith(".json") and listed.text
    ]
    if not paths:
        raise NotFound(
            "The function has no files events/*.json. Save events to its files first, or add some."
        )
    texts = files.texts(workspace=function.draft, paths=paths)
    entries = []
    for path in paths:
        if path.endswith(EXPECTED):
            continue
        stem = path.removesuffix(".json")
        entry: dict[str, Any] = {
            "name": stem.removeprefix(FOLDER).replace("/", "-"),
            "sharing": TestEvent.Sharing.SHARED,
            "body": _decoded(path, texts[path]),
        }
        if stem + EXPECTED in texts:
            entry["expectation"] = _expectation(stem + EXPECTED, texts[stem + EXPECTED])
        entries.append(entry)
    return _take_in(function, by, entries)


def export_to_draft(*, function: Function, by: User, ids: Sequence[int] = ()) -> list[str]:
    """Write events to `events/<name>.json` of the function's files; the paths.

    What a file holds is the event's body, byte for byte, as the SAM CLI reads
    it. Refuses with Conflict when two events have the same name, and as
    `editor.services.save_files` does.
    """
    authorize(user=by, account_id=function.account_id, action=Action.EDIT_DRAFT)
    wanted: dict[str, bytes] = {}
    for event in _chosen(function, by, ids):
        path = f"{FOLDER}{event.name}.json"
        if path in wanted:
            raise Conflict(
                f"Two events are named “{event.name}”, a private and a shared one, "
                "and would be one file. Rename one of them."
            )
        wanted[path] = event.body.encode()
        if event.expectation:
            text = json.dumps(event.expectation, indent=2, ensure_ascii=False)
            wanted[path.removesuffix(".json") + EXPECTED] = f"{text}\n".encode()
    if not wanted:
        raise NotFound("There is no event to save to the function's files.")
    bases = files.revisions(workspace=function.draft, paths=list(wanted))
    present = files.texts(workspace=function.draft, paths=list(wanted))
    changes = [
        editor.Change(path=path, content=content, base=bases.get(path, 0))
        for path, content in wanted.items()
        if present.get(path) != content
    ]
    if changes:
        editor.save_files(workspace=function.draft, changes=changes, by=by)
    return sorted(wanted)


def _chosen(function: Function, by: User, ids: Sequence[int]) -> list[TestEvent]:
    events = queries.visible(function=function, user=by)
    if not ids:
        return list(events)
    found = list(events.filter(pk__in=ids))
    if len(found) != len(set(ids)):
        raise NotFound("One of the events was deleted meanwhile. Load the page again.")
    return found


def _take_in(function: Function, by: User, entries: Sequence[Any]) -> Imported:
    if len(entries) > MOST:
        raise Invalid(f"{len(entries):,} events are too many at once; {MOST:,} are the most.")
    before = {
        (event.name, event.sharing): event
        for event in queries.visible(function=function, user=by).defer("body")
        if event.sharing == TestEvent.Sharing.SHARED or event.owner_id == by.pk
    }
    created = changed = 0
    with transaction.atomic():
        for entry in entries:
            values = _entry(entry)
            known = before.get((values["name"], values["sharing"]))
            event = _save_entry(function, by, values, known)
            created += known is None
            changed += known is not None and event.revision != known.revision
    return Imported(created, changed, len(entries) - created - changed)


def _save_entry(
    function: Function, by: User, values: Mapping[str, Any], known: TestEvent | None
) -> TestEvent:
    try:
        return save_event(function=function, by=by, event_id=known.pk if known else None, **values)
    except Invalid as refusal:
        raise Invalid(f"“{values['name']}”: {refusal.message}", field="file") from None


def _entry(entry: Any) -> dict[str, Any]:
    """An entry with the types it must have; its values are checked as it is saved."""
    if not isinstance(entry, dict):
        raise Invalid("Each event of the file must be an object.", field="file")
    name, body = entry.get("name"), entry.get("body")
    fields, expectation = entry.get("fields", {}), entry.get("expectation")
    source = entry.get("source", "")
    if not isinstance(name, str) or not isinstance(body, str):
        raise Invalid("Each event of the file must have a name and a body, both texts.")
    if not isinstance(fields, dict) or not isinstance(expectation, dict | None):
        raise Invalid(f"“{name[:64]}”: fields and expectation must be objects.", field="file")
    known = isinstance(source, str) and catalogue.is_source(source)
    return {
        "name": bodies.check_name(name),
        "body": body,
        "sharing": entry.get("sharing", TestEvent.Sharing.PRIVATE),
        "source": source if known else "",
        "fields": fields if known else {},
        "expectation": expectation,
    }


def _decoded(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Invalid(f"{path} is not text in UTF-8.", field="file") from None


def _expectation(path: str, content: bytes) -> dict[str, Any]:
    try:
        value = bodies.check_body(_decoded(path, content))
    except Invalid as refusal:
        raise Invalid(f"{path}: {refusal.message}", field="file") from None
    if not isinstance(value, dict):
        raise Invalid(f"{path} must hold an object.", field="file")
    return expectations.clean(value)
