"""Log files and their index."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runner import logs
from runner.logs import LogFile


def test_a_range_of_a_stream_is_one_invocations_log(tmp_path: Path) -> None:
    log = LogFile(tmp_path, "1/f/2026/11/24/[1]a")
    log.append(b"first\n", sequence=2)
    start = log.size
    log.append(b"second ", sequence=2)
    log.append(b"run\n", sequence=3)
    end = log.size
    log.append(b"third\n", sequence=2)
    log.close()
    log.close()
    assert logs.read(tmp_path, log.name, offset=start, length=end - start) == b"second run\n"
    assert logs.batches(tmp_path, log.name, offset=start, end=end) == [
        (2, b"second "),
        (3, b"run\n"),
    ]
    assert logs.batches(tmp_path, log.name, offset=end, end=None) == [(2, b"third\n")]


def test_a_stream_goes_on_where_it_ended(tmp_path: Path) -> None:
    LogFile(tmp_path, "1/f/a").append(b"one", sequence=1)
    again = LogFile(tmp_path, "1/f/a")
    assert again.size == 3
    again.append(b"two", sequence=2)
    assert logs.batches(tmp_path, "1/f/a", offset=0, end=None) == [(1, b"one"), (2, b"two")]


def test_a_half_written_index_entry_does_not_count(tmp_path: Path) -> None:
    log = LogFile(tmp_path, "1/f/a")
    log.append(b"whole", sequence=1)
    with (tmp_path / "1/f/a.idx").open("ab") as index:
        index.write(b"\x01\x02")
    assert logs.batches(tmp_path, "1/f/a", offset=0, end=None) == [(1, b"whole")]


def test_a_pruned_stream_reads_as_empty(tmp_path: Path) -> None:
    assert logs.read(tmp_path, "gone", offset=0, length=10) == b""
    assert logs.batches(tmp_path, "gone", offset=0, end=None) == []


def test_only_old_streams_of_the_account_are_removed_and_empty_folders_with_them(
    tmp_path: Path,
) -> None:
    for name in ("1/f/old/a", "1/f/new/b", "2/f/old/c"):
        LogFile(tmp_path, name).append(b"x", sequence=1)
    month = time.time() - 30 * 86_400
    for name in ("1/f/old/a.log", "2/f/old/c.log"):
        os.utime(tmp_path / name, (month, month))
    week = datetime.now(UTC) - timedelta(days=7)
    assert logs.remove_before(tmp_path, account_id="1", before=week) == 1
    left = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.log"))
    assert left == ["1/f/new/b.log", "2/f/old/c.log"]
    assert not (tmp_path / "1/f/old").exists()


def test_a_streams_name_is_lambdas_under_account_and_function() -> None:
    name = logs.stream_name(account_id="1" * 12, function_name="rain", version="$LATEST")
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    assert name.startswith(f"{'1' * 12}/rain/{day}/[$LATEST]")
