"""What changed between two texts, as rows for a page. Plain code."""

import difflib
from dataclasses import dataclass

LONGEST = 2_000
"""Lines: longer texts are cut, for comparing them grows with the square of their length."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line that was kept (" "), taken out ("-") or put in ("+"), or a gap ("…")."""

    mark: str
    text: str
    old: int | None = None
    new: int | None = None


def rows(before: str, after: str) -> list[Row]:
    """The changed lines with three kept lines around them; nothing when the texts are equal."""
    if before == after:
        return []
    old, new = before.splitlines()[:LONGEST], after.splitlines()[:LONGEST]
    made: list[Row] = []
    for group in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_grouped_opcodes(3):
        if made:
            made.append(Row("…", ""))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                made += [
                    Row(" ", old[place], place + 1, new_from + place - old_from + 1)
                    for place in range(old_from, old_to)
                ]
                continue
            made += [Row("-", old[place], place + 1, None) for place in range(old_from, old_to)]
            made += [Row("+", new[place], None, place + 1) for place in range(new_from, new_to)]
    if len(before.splitlines()) > LONGEST or len(after.splitlines()) > LONGEST:
        made.append(Row("…", f"Only the first {LONGEST:,} lines are compared."))
    elif not made:
        made.append(Row("…", "Only line ends differ."))
    return made
