"""Limits held by looking: what one sandbox does keeps nobody from looking at another."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.sandboxes.watch import Watch, Watched, disk_use_kb
from runner.spec import Limit


@pytest.fixture
def large_child() -> Iterator[None]:
    """A process below this one that holds 32 MB."""
    lines = "held = bytearray(32 << 20)\nprint('held', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", lines], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield
        child.kill()


def test_memory_is_looked_at_while_a_tmp_is_counted(large_child: None, tmp_path: Path) -> None:
    counting, counted = threading.Event(), threading.Event()
    told: queue.SimpleQueue[Limit] = queue.SimpleQueue()

    def count(directory: Path) -> int:
        counting.set()
        counted.wait()
        return 0

    watch = Watch(size_kb=count)
    watch.add(Watched(1, told.put, tmp=tmp_path, tmp_mb=1))
    try:
        assert counting.wait(30)
        watch.add(Watched(os.getpid(), told.put, memory_mb=8))
        assert told.get(timeout=30) is Limit.MEMORY
    finally:
        counted.set()
        watch.close()


def test_a_tmp_that_cannot_be_counted_in_time_is_over_its_limit(tmp_path: Path) -> None:
    told: queue.SimpleQueue[Limit] = queue.SimpleQueue()
    watch = Watch(size_kb=lambda directory: disk_use_kb(directory, patience_s=0))
    watch.add(Watched(os.getpid(), told.put, tmp=tmp_path, tmp_mb=512))
    try:
        assert told.get(timeout=30) is Limit.TMP
    finally:
        watch.close()


def test_a_tmp_is_counted_with_all_its_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * (1 << 20))
    size = disk_use_kb(tmp_path)
    assert size is not None
    assert size >= 1 << 10
    assert disk_use_kb(tmp_path / "gone") == 0
