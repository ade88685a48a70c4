"""The thread that reads what functions print."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from runner.output import Pump


@pytest.fixture
def pump() -> Iterator[Pump]:
    pump = Pump()
    yield pump
    pump.close()


class Ear:
    def __init__(self, *, wants: bool = True) -> None:
        self.heard: list[bytes] = []
        self.ended = threading.Event()
        self.some = threading.Event()
        self._wants = wants

    def receive(self, data: bytes) -> bool:
        self.heard.append(data)
        self.some.set()
        return self._wants


def test_a_line_is_heard_soon_without_asking(pump: Pump) -> None:
    read, write = os.pipe()
    ear = Ear()
    source = pump.add(read, ear.receive, ear.ended.set)
    os.write(write, b"hello\n")
    assert ear.some.wait(2)
    assert ear.heard == [b"hello\n"]
    pump.remove(source)
    os.close(read)
    os.close(write)


def test_lines_printed_together_are_one_batch(pump: Pump) -> None:
    read, write = os.pipe()
    ear = Ear()
    source = pump.add(read, ear.receive, ear.ended.set)
    for _ in range(50):
        os.write(write, b"x\n")
    pump.drain(source)
    assert b"".join(ear.heard) == b"x\n" * 50
    assert len(ear.heard) < 10
    pump.remove(source)
    os.close(read)
    os.close(write)


def test_the_end_is_told_after_all_was_heard(pump: Pump) -> None:
    read, write = os.pipe()
    ear = Ear()
    source = pump.add(read, ear.receive, ear.ended.set)
    os.write(write, b"last words")
    os.close(write)
    assert ear.ended.wait(2)
    assert ear.heard == [b"last words"]
    pump.remove(source)
    os.close(read)


def test_a_flood_nobody_wants_is_still_drained(pump: Pump) -> None:
    read, write = os.pipe()
    ear = Ear(wants=False)
    source = pump.add(read, ear.receive, ear.ended.set)
    began = time.monotonic()
    for _ in range(64):
        os.write(write, b"x" * 65_536)
    assert time.monotonic() - began < 20
    pump.remove(source)
    os.close(read)
    os.close(write)


def test_lines_that_can_not_be_kept_cost_nobody_elses(pump: Pump) -> None:
    def full(data: bytes) -> bool:
        raise OSError(28, "No space left on device")

    read, write = os.pipe()
    broken = pump.add(read, full, lambda: None)
    os.write(write, b"lost\n")
    other_read, other_write = os.pipe()
    ear = Ear()
    other = pump.add(other_read, ear.receive, ear.ended.set)
    until_empty = time.monotonic() + 5
    while not ear.some.is_set() and time.monotonic() < until_empty:
        os.write(other_write, b"kept\n")
        ear.some.wait(0.1)
    assert ear.heard
    for source, handles in ((broken, (read, write)), (other, (other_read, other_write))):
        pump.remove(source)
        for handle in handles:
            os.close(handle)
