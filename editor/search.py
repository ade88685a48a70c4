"""Find in files, bounded in time and in what it returns.

A person's regular expression can need exponential time, and Python's own
`re` cannot be interrupted. The `regex` package takes a timeout and lets go of
the interpreter lock while it matches, so that one bad pattern delays neither
its own answer beyond the bound nor anybody else's page.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex

from editor.errors import BadPattern

TIME_S = 2.0
MAX_MATCHES = 1_000
MAX_PATTERN = 500
MAX_REPEAT = 10_000
"""What nested counts like (a{100}){100} may multiply to: they are unrolled when compiled."""
MAX_FILE_BYTES = 3_145_728
TEXT_WIDTH = 240

_COUNTS = regex.compile(r"\{(\d*)(?:,(\d*))?\}")


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, and how."""

    text: str
    case: bool = False
    word: bool = False
    is_regex: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """One match. `line` and `column` count from 1, columns and `length` in UTF-16 units.

    `text` is the line, cut around the match when it is long; the match begins
    at `text_column` of it.
    """

    path: str
    line: int
    column: int
    length: int
    text: str
    text_column: int


@dataclass(frozen=True, slots=True)
class Found:
    """Matches by path and line. `truncated`: there may be more than these."""

    matches: list[Match]
    truncated: bool


def search(files: Iterable[tuple[str, bytes]], query: Query, *, time_s: float = TIME_S) -> Found:
    """Every match in these text files, up to 1,000 and up to `time_s` seconds.

    Refuses with BadPattern what is no regular expression, and what finds
    nothing before its time is over.
    """
    pattern = compiled(query)
    deadline = time.monotonic() + time_s
    matches: list[Match] = []
    try:
        for path, content in files:
            for match in _matches_in(path, content, pattern, deadline):
                if len(matches) == MAX_MATCHES:
                    return Found(matches, truncated=True)
                matches.append(match)
    except TimeoutError:
        if not matches:
            raise BadPattern(
                f"Nothing was found in {time_s:g} seconds, then the search was ended: "
                "use a simpler pattern.",
                field="q",
            ) from None
        return Found(matches, truncated=True)
    return Found(matches, truncated=False)


def compiled(query: Query) -> "regex.Pattern[str]":
    """The query as a pattern. Refuses with BadPattern."""
    if not query.text:
        raise BadPattern("Type what to look for.", field="q")
    if len(query.text) > MAX_PATTERN:
        raise BadPattern(f"A search may have {MAX_PATTERN} characters.", field="q")
    source = query.text if query.is_regex else regex.escape(query.text)
    if query.is_regex:
        _check_counts(source)
    if query.word:
        source = rf"\b(?:{source})\b"
    flags = regex.MULTILINE | (0 if query.case else regex.IGNORECASE)
    try:
        return regex.compile(source, flags)
    except (regex.error, OverflowError, RecursionError) as error:
        raise BadPattern(f"That is no regular expression: {error}.", field="q") from error


def _check_counts(source: str) -> None:
    product = 1
    for low, high in _COUNTS.findall(source):
        product *= max(int(low or 0), int(high or 0), 1)
        if product > MAX_REPEAT:
            raise BadPattern(
                f"The counts in braces multiply to over {MAX_REPEAT:,}: use smaller ones.",
                field="q",
            )


def _matches_in(
    path: str, content: bytes, pattern: "regex.Pattern[str]", deadline: float
) -> Iterator[Match]:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if len(content) > MAX_FILE_BYTES:
        return
    text = content.decode(errors="replace")
    line, line_start = 1, 0
    for found in pattern.finditer(text, timeout=left, concurrent=True):
        start, end = found.span()
        if start == end:
            continue
        breaks = text.count("\n", line_start, start)
        if breaks:
            line += breaks
            line_start = text.rindex("\n", line_start, start) + 1
        yield _match(path, text, (line, line_start), (start, end))


def _match(path: str, text: str, place: tuple[int, int], span: tuple[int, int]) -> Match:
    line, line_start = place
    start, end = span
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    end = min(end, line_end)
    shown_from = line_start if line_end - line_start <= TEXT_WIDTH else max(line_start, start - 60)
    shown = text[shown_from : min(line_end, shown_from + TEXT_WIDTH)].rstrip("\r")
    return Match(
        path=path,
        line=line,
        column=_units(text[line_start:start]) + 1,
        length=_units(text[start:end]),
        text=shown,
        text_column=_units(text[shown_from:start]) + 1,
    )


def _units(text: str) -> int:
    """Length in UTF-16 units, which is how a browser counts columns."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
