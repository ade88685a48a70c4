"""Filling a source's template.

A template is parsed JSON whose strings hold tags ({{{bucket}}}). A string
that is nothing but one tag takes the value's own JSON type; elsewhere the
value becomes part of the string. Escaping is left to the JSON writer.
"""

import base64
import copy
import gzip
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote_plus

from console.errors import Invalid
from console.events.catalogue.listing import find
from console.events.catalogue.source import Derived, Encoding, Field, Kind, Source

TAG = re.compile(r"\{\{\{?\s*([A-Za-z][A-Za-z0-9_]*)\s*\}?\}\}")


@dataclass(frozen=True, slots=True)
class Moment:
    """When an event is made, and the ids it gets: given in tests, fresh otherwise."""

    at: datetime
    id: uuid.UUID

    @classmethod
    def now(cls) -> "Moment":
        """This moment, with a new id."""
        return cls(at=datetime.now(UTC), id=uuid.uuid4())


COMPUTED: dict[str, Callable[[Moment], object]] = {
    "now_iso": lambda moment: f"{moment.at:%Y-%m-%dT%H:%M:%S.}{moment.at.microsecond // 1000:03d}Z",
    "now_iso_seconds": lambda moment: f"{moment.at:%Y-%m-%dT%H:%M:%SZ}",
    "now_log": lambda moment: f"{moment.at:%d/%b/%Y:%H:%M:%S +0000}",
    "now_day": lambda moment: f"{moment.at:%Y-%m-%d}",
    "now_s": lambda moment: int(moment.at.timestamp()),
    "now_ms": lambda moment: int(moment.at.timestamp() * 1000),
    "now_ms_text": lambda moment: str(int(moment.at.timestamp() * 1000)),
    "new_id": lambda moment: str(moment.id),
    "new_hex": lambda moment: moment.id.hex,
}


def _md5(value: Any) -> str:
    """The protocol's own sum, not a safeguard."""
    return hashlib.md5(str(value).encode(), usedforsecurity=False).hexdigest()


def _query(value: Any) -> dict[str, list[str]]:
    return parse_qs(str(value).removeprefix("?"), keep_blank_values=True)


DERIVE: dict[Derived, Callable[[Any], object]] = {
    Derived.MD5: _md5,
    Derived.QUERY: lambda value: {name: ",".join(all_) for name, all_ in _query(value).items()},
    Derived.QUERY_LAST: lambda value: {name: all_[-1] for name, all_ in _query(value).items()},
    Derived.QUERY_LISTS: _query,
    Derived.LISTS: lambda value: (
        {name: [one] for name, one in value.items()} if isinstance(value, dict) else {}
    ),
}


def render(
    source_id: str, fields: Mapping[str, str] | None = None, *, moment: Moment | None = None
) -> object:
    """The event of a source with these fields; those not given keep their defaults.

    Refuses with NotFound an unknown source, with Invalid (naming the field) a
    field the source does not have or a value that does not fit it.
    """
    source = find(source_id)
    given = dict(fields or {})
    known = {field.name for field in source.fields}
    for name in given:
        if name not in known:
            raise Invalid(f"“{source.label}” has no field named {name}.", field=name)
    moment = moment or Moment.now()
    values: dict[str, object] = {name: make(moment) for name, make in COMPUTED.items()}
    for field in source.fields:
        text = given.get(field.name, field.default)
        value = _typed(field, text)
        values[_key(field.name)] = _encoded(field, value, moment)
        for tag, how in field.derived:
            values[_key(tag)] = DERIVE[how](value)
    return _filled(_freshened(source, values), values)


def render_text(
    source_id: str, fields: Mapping[str, str] | None = None, *, moment: Moment | None = None
) -> str:
    """`render`, as the text that the page shows."""
    return json.dumps(render(source_id, fields, moment=moment), indent=2, ensure_ascii=False)


def _key(name: str) -> str:
    """One spelling for "account-id", "account_id" and "accountId": templates use all three."""
    return name.replace("-", "").replace("_", "").lower() if name not in COMPUTED else name


def _typed(field: Field, text: str) -> object:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise Invalid(f"{field.label} holds half of a character. Type it again.", field=field.name)
    if field.kind is Kind.NUMBER:
        return _number(field, text)
    if field.kind is Kind.JSON:
        return _json(field, text)
    if field.kind is Kind.CHOICE and text not in field.choices:
        raise Invalid(
            f"{field.label} must be one of: {', '.join(field.choices)}.", field=field.name
        )
    return text


def _number(field: Field, text: str) -> object:
    try:
        return int(text) if re.fullmatch(r"\s*[-+]?\d{1,18}\s*", text) else _finite(text)
    except ValueError:
        raise Invalid(f"{field.label} must be a number.", field=field.name) from None


def _finite(text: str) -> float:
    value = float(text)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _json(field: Field, text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        place = (
            f" (line {problem.lineno}, column {problem.colno})"
            if isinstance(problem, json.JSONDecodeError)
            else ""
        )
        raise Invalid(f"{field.label} must be JSON{place}.", field=field.name) from None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _encoded(field: Field, value: object, moment: Moment) -> object:
    if field.encoding is Encoding.NONE:
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if field.encoding is Encoding.URL:
        return quote_plus(text, safe="/")
    if field.encoding is Encoding.BASE64:
        return base64.b64encode(text.encode()).decode()
    return _log_batch(text, moment)


def _log_batch(text: str, moment: Moment) -> str:
    """What CloudWatch Logs sends: a gzipped batch, one event for each line."""
    at = int(moment.at.timestamp() * 1000)
    batch = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/example",
        "logStream": f"{moment.at:%Y/%m/%d}/[$LATEST]{moment.id.hex}",
        "subscriptionFilters": ["example"],
        "logEvents": [
            {"id": f"{at}{number:06d}", "timestamp": at, "message": line}
            for number, line in enumerate(text.splitlines() or [""])
        ],
    }
    return base64.b64encode(gzip.compress(json.dumps(batch).encode(), mtime=0)).decode()


def _freshened(source: Source, values: Mapping[str, object]) -> object:
    if not source.fresh:
        return source.template
    template: Any = copy.deepcopy(source.template)
    for pointer, computed in source.fresh:
        *way, last = pointer.split("/")
        place = template
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = values[computed]
    return template


def _filled(part: object, values: Mapping[str, object]) -> object:
    if isinstance(part, dict):
        return {str(_filled_text(key, values)): _filled(item, values) for key, item in part.items()}
    if isinstance(part, list):
        return [_filled(item, values) for item in part]
    return _filled_text(part, values, whole=True) if isinstance(part, str) else part


def _filled_text(text: str, values: Mapping[str, object], *, whole: bool = False) -> object:
    only = TAG.fullmatch(text)
    if whole and only:
        return values[_key(only.group(1))]

    def put(tag: re.Match[str]) -> str:
        value = values[_key(tag.group(1))]
        joined = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        # Templates write "/{{{path}}}" and people type "/items": one slash is meant.
        doubled = text[: tag.start()].endswith("/") and _key(tag.group(1)) in ("path", "resource")
        return joined.lstrip("/") if doubled else joined

    return TAG.sub(put, text)
