"""Find in files: what is found, where, and that it ends."""

import time

import pytest

from editor.errors import BadPattern
from editor.search import MAX_MATCHES, Query, search

FILES = [
    ("a.py", "import rain\nRain = 1\nraindrop = 'größe 💧 rain'\n".encode()),
    ("b.txt", b"no match here\r\nrain at the end"),
]


def places(query: Query) -> list[tuple[str, int, int]]:
    return [(m.path, m.line, m.column) for m in search(FILES, query).matches]


def test_a_word_is_found_in_every_file_whatever_its_case() -> None:
    assert places(Query("rain")) == [
        ("a.py", 1, 8),
        ("a.py", 2, 1),
        ("a.py", 3, 1),
        ("a.py", 3, 22),
        ("b.txt", 2, 1),
    ]


def test_case_and_whole_words_narrow_it() -> None:
    assert places(Query("Rain", case=True)) == [("a.py", 2, 1)]
    assert ("a.py", 3, 1) not in places(Query("rain", word=True))


def test_columns_count_as_a_browser_counts() -> None:
    match = search(FILES, Query("rain'", case=True)).matches[0]
    line = FILES[0][1].decode().splitlines()[2]
    units = line.encode("utf-16-le")
    start = (match.column - 1) * 2
    assert units[start : start + match.length * 2].decode("utf-16-le") == "rain'"


def test_literal_text_is_no_pattern() -> None:
    assert places(Query("r.in")) == []
    assert ("a.py", 1, 8) in places(Query("r.in", is_regex=True))


def test_a_long_line_is_cut_around_the_match() -> None:
    match = search([("x", b"a" * 5000 + b"needle" + b"b" * 5000)], Query("needle")).matches[0]
    assert len(match.text) == 240
    assert match.column == 5001
    assert match.text[match.text_column - 1 :].startswith("needle")


def test_more_than_a_thousand_matches_are_cut_and_said_to_be() -> None:
    found = search([("x", b"a\n" * 2000)], Query("a"))
    assert len(found.matches) == MAX_MATCHES
    assert found.truncated


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(?:a{1,99}){1,99}b"])
def test_a_catastrophic_pattern_ends_in_its_time(pattern) -> None:
    begun = time.monotonic()
    with pytest.raises(BadPattern, match="simpler pattern"):
        search([("x", b"a" * 50_000 + b"!")], Query(pattern, is_regex=True), time_s=0.3)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("pattern", ["(", "((a{100}){100}){100}", "a{99999}{99999}", "x" * 501, ""])
def test_a_pattern_that_cannot_be_taken_is_refused(pattern) -> None:
    with pytest.raises(BadPattern):
        search(FILES, Query(pattern, is_regex=True))
