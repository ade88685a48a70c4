"""The statements that every call runs, written once.

The ORM builds its SQL anew at each use, which cost a warm call more than the
database did. These few are the hot path and everything else uses the ORM.
States are moved by `states` alone.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models

from runner.models import Invocation, Payload
from runner.spec import State

_FIELDS: dict[str, "models.Field[Any, Any]"] = {
    field.name: field for field in Invocation._meta.concrete_fields
}
_PAYLOAD: dict[str, "models.Field[Any, Any]"] = {
    field.name: field for field in Payload._meta.concrete_fields
}
_ADAPTED = (models.UUIDField, models.DateTimeField, models.BinaryField, models.OneToOneField)
"""What databases store each in its own way; the rest goes in as it is."""
_READ = (
    "account_id",
    "function_arn",
    "spec_id",
    "version",
    "qualifier",
    "draft",
    "invocation_type",
    "trace_id",
    "attempt",
    "memory_mb",
    "log_length",
    "first_sequence",
    "last_sequence",
)
"""What running one needs of its row, stored as it is read."""


def insert(row: Invocation, event: bytes) -> None:
    """Add an invocation and its event."""
    payload = Payload(invocation=row, event=event)
    with connection.cursor() as cursor:
        for table, columns, one in (
            (Invocation._meta.db_table, _FIELDS, row),
            (Payload._meta.db_table, _PAYLOAD, payload),
        ):
            values = [_stored(field, getattr(one, field.attname)) for field in columns.values()]
            cursor.execute(_insert(table, tuple(map(_column, columns.values()))), values)


def spec_of(request_id: str) -> str:
    """The spec's digest of an invocation that is pending; "" of any other."""
    waiting = Invocation.objects.filter(request_id=request_id, state=State.PENDING)
    return waiting.values_list("spec_id", flat=True).first() or ""


def claim(request_id: str, fields: Mapping[str, object]) -> Invocation | None:
    """Write fields of an invocation that is pending; it, if it was.

    It comes as far as running it asks, with its event. Its first sequence
    number becomes the one after its last.
    """
    key = UUID(request_id)
    columns = [_FIELDS[name] for name in fields]
    values = [_stored(f, value) for f, value in zip(columns, fields.values(), strict=True)]
    values += [_stored(_FIELDS["request_id"], key), str(State.PENDING)]
    with connection.cursor() as cursor:
        cursor.execute(_claim(tuple(map(_column, columns))), values)
        found = cursor.fetchall()
    if not found:
        return None
    event, stop_requested_at, *read = found[0]
    row = Invocation(request_id=key, **{**dict(zip(_READ, read, strict=True)), **fields})
    row.draft = bool(row.draft)
    row.payload = Payload(invocation_id=key, event=bytes(event))
    if stop_requested_at is not None:
        moment = _FIELDS["stop_requested_at"].to_python(stop_requested_at)
        row.stop_requested_at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return row


def update(
    request_id: UUID | str, *, before: str, held_by: str, fields: Mapping[str, object]
) -> bool:
    """Write fields of an invocation that stands at `before`; whether it did.

    With `held_by`, only while that runner's lease is on it.
    """
    columns = [_FIELDS[name] for name in fields]
    values = [_stored(f, value) for f, value in zip(columns, fields.values(), strict=True)]
    values += [_stored(_FIELDS["request_id"], request_id), str(before)]
    if held_by:
        values.append(held_by)
    sql = _update(tuple(map(_column, columns)), bool(held_by))
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return bool(cursor.rowcount == 1)


def answer(request_id: UUID, response: bytes) -> None:
    """Write an invocation's response."""
    values = [_stored(_PAYLOAD["response"], response), _stored(_PAYLOAD["invocation"], request_id)]
    with connection.cursor() as cursor:
        cursor.execute(_answer(), values)


def _stored(field: "models.Field[Any, Any]", value: object) -> Any:
    """The value as this database takes it."""
    if isinstance(field, _ADAPTED):
        return field.get_db_prep_save(value, connection)
    return value


@cache
def _insert(table: str, columns: tuple[str, ...]) -> str:
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({_list(columns)}) VALUES ({places})"  # noqa: S608


@cache
def _update(columns: tuple[str, ...], held: bool) -> str:
    written = ", ".join(f"{_quoted(column)} = %s" for column in columns)
    wanted = f"{_quoted('request_id')} = %s AND {_quoted('state')} = %s"
    if held:
        wanted += f" AND {_quoted('lease_owner')} = %s"
    return f"UPDATE {Invocation._meta.db_table} SET {written} WHERE {wanted}"  # noqa: S608


@cache
def _claim(columns: tuple[str, ...]) -> str:
    table, owner = Invocation._meta.db_table, _quoted(_column(_PAYLOAD["invocation"]))
    event = _quoted(_column(_PAYLOAD["event"]))
    of_it = f"{owner} = {table}.{_quoted(_column(_FIELDS['request_id']))}"
    event = f"(SELECT {event} FROM {Payload._meta.db_table} WHERE {of_it})"  # noqa: S608
    read = [_FIELDS["spec" if name == "spec_id" else name] for name in _READ]
    wanted = _list(map(_column, [_FIELDS["stop_requested_at"], *read]))
    first = f"{_quoted('first_sequence')} = {_quoted('last_sequence')} + 1"
    update = _update(columns, False).replace(" WHERE ", f", {first} WHERE ", 1)
    return f"{update} RETURNING {event}, {wanted}"


@cache
def _answer() -> str:
    response, key = (_quoted(_column(_PAYLOAD[name])) for name in ("response", "invocation"))
    return f"UPDATE {Payload._meta.db_table} SET {response} = %s WHERE {key} = %s"  # noqa: S608


def _column(field: "models.Field[Any, Any]") -> str:
    return str(field.column)


def _list(columns: Iterable[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
