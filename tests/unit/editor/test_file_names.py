"""Names and contents of files."""

import pytest

from console.errors import Invalid
from editor.contents import check_new_names, is_text, named
from editor.errors import PathTaken


@pytest.mark.parametrize(
    "path",
    ["../a", "/etc/passwd", "a//b", "a/./b", "a\\b", "a\0b", "", "a/", "x" * 300, "a\nb", "\ud800"],
)
def test_a_name_that_could_leave_the_tree_is_refused(path) -> None:
    with pytest.raises(Invalid):
        named(path)


def test_one_name_typed_on_two_systems_is_one_file() -> None:
    assert named("cafe\u0301.py") == named("caf\u00e9.py")


@pytest.mark.parametrize(
    ("new", "present"),
    [
        ("a.py", "a.py"),
        ("A.py", "a.py"),
        ("lib", "lib/a.py"),
        ("a.py/b", "a.py"),
        ("STRASSE", "straße"),
    ],
)
def test_names_that_clash_are_refused(new, present) -> None:
    with pytest.raises(PathTaken):
        check_new_names([new], [present])


def test_two_new_names_must_not_clash_either() -> None:
    with pytest.raises(PathTaken):
        check_new_names(["a", "a/b"], [])


def test_text_is_utf8_without_nul() -> None:
    assert is_text("größe\n".encode())
    assert not is_text(b"\xff\xfe")
    assert not is_text(b"a\0b")
