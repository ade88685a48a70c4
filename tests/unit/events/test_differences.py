"""What changed between two texts."""

from console.events.differences import LONGEST, rows


def marks(before: str, after: str) -> list[tuple[str, str]]:
    return [(row.mark, row.text) for row in rows(before, after)]


def test_equal_texts_have_no_rows():
    assert rows("a\nb", "a\nb") == []


def test_a_changed_line_is_taken_out_and_put_in_between_its_neighbours():
    assert marks("a\nb\nc", "a\nB\nc") == [(" ", "a"), ("-", "b"), ("+", "B"), (" ", "c")]


def test_line_numbers_are_those_of_each_text():
    [kept, added] = rows("a", "a\nb")
    assert (kept.old, kept.new, added.old, added.new) == (1, 1, None, 2)


def test_far_apart_changes_have_a_gap_between_them():
    before = "\n".join(map(str, range(30)))
    after = before.replace("0\n1\n", "zero\n1\n", 1).replace("29", "twenty-nine")
    assert ("…", "") in marks(before, after)


def test_only_line_ends_differ():
    assert marks("a\n", "a") == [("…", "Only line ends differ.")]


def test_a_very_long_text_is_cut_and_says_so():
    made = marks("a\n" * (LONGEST + 5), "a\n" * LONGEST + "b")
    assert made[-1][1].startswith("Only the first")
