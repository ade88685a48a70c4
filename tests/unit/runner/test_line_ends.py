"""What functions print, with one kind of line end."""

import random

import pytest

from runner.runtimes.line_ends import LineEnds


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        (b"plain\n", b"plain\n"),
        (b"[ERROR] x\rTraceback:\r  File\n", b"[ERROR] x\nTraceback:\n  File\n"),
        (b"windows\r\nlines\r\n", b"windows\nlines\n"),
        (b"\r\r\n\n", b"\n\n\n"),
        (b"", b""),
    ],
)
def test_every_line_ends_the_same(printed, read):
    assert LineEnds().feed(printed) == read


@pytest.mark.parametrize("seed", range(20))
def test_pieces_give_the_same_lines_as_the_whole(seed):
    chance = random.Random(seed)
    printed = bytes(chance.choice(b"ab\r\n") for _ in range(60))
    ends = LineEnds()
    pieces = []
    left = printed
    while left:
        cut = chance.randrange(1, 5)
        pieces.append(ends.feed(left[:cut]))
        left = left[cut:]
    assert b"".join(pieces) == LineEnds().feed(printed)
