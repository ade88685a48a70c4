"""Reading the catalogue's data files, once."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from console.errors import NotFound
from console.events.catalogue import words
from console.events.catalogue.source import Derived, Encoding, Field, Kind, Source

DATA = Path(__file__).parent / "data"
ENCODINGS = {"url": "As typed; the event carries it URL-encoded.",
             "base64": "As typed; the event carries it in base64."}  # fmt: skip


@lru_cache(maxsize=1)
def sources() -> tuple[Source, ...]:
    """Every source, by service in the order of `words.SERVICES`; hello-world is first."""
    order, first = list(words.SERVICES), (*words.FIRST, "")

    def place(source: Source) -> tuple[int, int]:
        known = source.id if source.id in first else ""
        return order.index(_service(source.id)), first.index(known)

    return tuple(sorted([*_virga(), *_sam_cli()], key=place))


@lru_cache(maxsize=1)
def _by_id() -> dict[str, Source]:
    return {source.id: source for source in sources()}


def find(source_id: str) -> Source:
    """The source of that id. Refuses with NotFound."""
    source = _by_id().get(source_id)
    if source is None:
        raise NotFound(f"The catalogue has no event source “{source_id[:80]}”.")
    return source


def is_source(source_id: str) -> bool:
    """Whether the catalogue has a source of that id."""
    return source_id in _by_id()


def _service(source_id: str) -> str:
    return source_id.partition("/")[0]


def _sam_cli() -> list[Source]:
    mapping = json.loads((DATA / "sam-cli" / "event-mapping.json").read_text())
    return [
        _sam_cli_source(service, event, entry)
        for service, events in mapping.items()
        for event, entry in events.items()
    ]


def _sam_cli_source(service: str, event: str, entry: dict[str, Any]) -> Source:
    source_id = f"{service}/{event}"
    label, search = words.EVENTS[source_id]
    file = DATA / "sam-cli" / "events" / service / f"{entry['filename']}.json"
    return Source(
        id=source_id,
        service=words.SERVICES[service],
        label=label,
        about=_about(entry["help"]),
        words=f"{source_id} {search}".lower(),
        fields=tuple(_sam_cli_field(name, tag) for name, tag in entry["tags"].items()),
        template=json.loads(file.read_text()),
        fresh=words.FRESH.get(source_id, ()),
    )


def _about(help_text: str) -> str:
    """ "Generates an Amazon S3 Put Event" as a description: "An Amazon S3 Put Event."."""
    rest = help_text.removeprefix("Generates ").rstrip(".")
    return f"{rest[:1].upper()}{rest[1:]}."


def _sam_cli_field(name: str, tag: dict[str, Any]) -> Field:
    label, help_text = words.FIELDS[name]
    kind, choices = words.KINDS.get(name, (Kind.TEXT, ()))
    encoding = Encoding(tag.get("encoding", ""))
    if encoding is Encoding.BASE64:
        help_text = f"{help_text} {ENCODINGS['base64']}"
    elif name == "data":
        help_text = f"{help_text} In base64 already."
    return Field(
        name=name,
        label=label,
        help=help_text,
        kind=kind,
        default=tag["default"],
        choices=choices,
        encoding=encoding,
        derived=tuple(
            (child, Derived(how["hashing"])) for child, how in tag.get("children", {}).items()
        ),
    )


def _virga() -> list[Source]:
    entries = json.loads((DATA / "virga" / "sources.json").read_text())
    return [
        Source(
            id=entry["id"],
            service=words.SERVICES[_service(entry["id"])],
            label=entry["label"],
            about=entry["about"],
            words=f"{entry['id']} {entry.get('words', '')}".lower(),
            fields=tuple(_virga_field(field) for field in entry["fields"]),
            template=entry["template"],
        )
        for entry in entries
    ]


def _virga_field(entry: dict[str, Any]) -> Field:
    name = entry["name"]
    label, help_text = words.FIELDS.get(name, ("", ""))
    kind, choices = words.KINDS.get(name, (Kind.TEXT, ()))
    return Field(
        name=name,
        label=entry.get("label", label),
        help=entry.get("help", help_text),
        kind=Kind(entry.get("kind", kind)),
        default=entry["default"],
        choices=tuple(entry.get("choices", choices)),
        encoding=Encoding(entry.get("encoding", "")),
        derived=tuple((tag, Derived(how)) for tag, how in entry.get("derived", {}).items()),
    )
