"""Log text: one append-only file per sandbox, with an index of its batches.

A file is a *log stream* as on Lambda: account/function/date/[version]id. An
invocation is a range of it, by offsets, so nothing a function prints can be
taken for the end of its record. The index beside the file holds twelve bytes
a batch (end offset, sequence number): messages can be rebuilt as they were
sent. A batch counts once its index entry is written.
"""

import os
import struct
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

ENTRY = struct.Struct("<QI")


def stream_name(*, account_id: str, function_name: str, version: str) -> str:
    """A new stream's name, relative to the log store."""
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    return f"{account_id}/{function_name}/{day}/[{version}]{uuid.uuid4().hex}"


class LogFile:
    """The writing side of one stream. One invocation writes to it at a time."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        place = _text_place(root, name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._text = os.open(place, flags, 0o640)
        except FileNotFoundError:  # pruning took the empty folder meanwhile
            place.parent.mkdir(parents=True, exist_ok=True)
            self._text = os.open(place, flags, 0o640)
        self._index = os.open(_index_place(root, name), flags, 0o640)
        self.size = os.fstat(self._text).st_size

    def append(self, text: bytes, *, sequence: int) -> None:
        """Add a batch under its sequence number."""
        _write_all(self._text, text)
        self.size += len(text)
        _write_all(self._index, ENTRY.pack(self.size, sequence))

    def close(self) -> None:
        """Close it. Closing twice is fine."""
        for handle in (self._text, self._index):
            if handle >= 0:
                os.close(handle)
        self._text = self._index = -1


def read(root: Path, name: str, *, offset: int, length: int) -> bytes:
    """A range of a stream; empty when its file was pruned."""
    try:
        with _text_place(root, name).open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except FileNotFoundError:
        return b""


def batches(root: Path, name: str, *, offset: int, end: int | None) -> list[tuple[int, bytes]]:
    """The batches from `offset` to `end` (to the last, if None) as (sequence, text)."""
    try:
        index = _index_place(root, name).read_bytes()
    except FileNotFoundError:
        return []
    index = index[: len(index) // ENTRY.size * ENTRY.size]
    low = _first_after(index, offset)
    found: list[tuple[int, bytes]] = []
    begin = offset
    wanted = ENTRY.iter_unpack(index[low * ENTRY.size :])
    spans = [(stop, number) for stop, number in wanted if end is None or stop <= end]
    text = read(root, name, offset=offset, length=spans[-1][0] - offset) if spans else b""
    for stop, number in spans:
        found.append((number, text[begin - offset : stop - offset]))
        begin = stop
    return found


def remove_before(root: Path, *, account_id: str, before: datetime) -> int:
    """Delete an account's streams last written before then; how many."""
    folder = root / account_id
    removed = 0
    for place in folder.rglob("*.log"):
        with suppress(FileNotFoundError):
            if place.stat().st_mtime < before.timestamp():
                place.with_suffix(".idx").unlink(missing_ok=True)
                place.unlink()
                removed += 1
    for directory, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # not empty, or filled just now
            os.rmdir(directory)
    return removed


def _first_after(index: bytes, offset: int) -> int:
    low, high = 0, len(index) // ENTRY.size
    while low < high:
        middle = (low + high) // 2
        if ENTRY.unpack_from(index, middle * ENTRY.size)[0] <= offset:
            low = middle + 1
        else:
            high = middle
    return low


def _text_place(root: Path, name: str) -> Path:
    return root / f"{name}.log"


def _index_place(root: Path, name: str) -> Path:
    return root / f"{name}.idx"


def _write_all(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
