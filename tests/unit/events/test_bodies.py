"""What may be saved as an event's text and name."""

import pytest

from console.errors import Invalid
from console.events.bodies import LIMIT, check_body, check_name


@pytest.mark.parametrize("body", ["{}", " [1, 2]\n", '"text"', "0", "null", '{"a": "\\u00e9 😀"}'])
def test_any_json_value_is_an_event(body):
    check_body(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "The event is empty"),
        ("  \n", "The event is empty"),
        ('{"a": 1,}', "line 1, column 9.*comma"),
        ('{\n  "a": \n}', "line 3, column 1"),
        ("{'a': 1}", "double quotes"),
        ('{"a" 1}', "line 1, column 6: a colon"),
        ('{"a": 1} {"b": 2}', r"wrap several in \[ \]"),
        ('{"a": "b', "no closing double quote"),
        ('{"a": "b\n"}', r"must be written \\n"),
        ('{"a": NaN}', "has no NaN"),
        ("[-Infinity]", "has no -Infinity"),
        ('{"a": "\\x"}', "backslash"),
        ('{"a": "\ud800"}', "half of a character"),
        ("[" * 200_000, "nested too deeply"),
        ("9" * 10_000, "number too long"),
        ("\ufeff{}", "byte order mark"),
        (f'"{"x" * LIMIT}"', f"at most {LIMIT:,}"),
    ],
)
def test_a_body_that_a_function_could_not_be_given_is_refused_with_the_place(body, says):
    with pytest.raises(Invalid, match=says) as refusal:
        check_body(body)
    assert refusal.value.field == "body"


def test_the_largest_body_is_taken():
    check_body(f'"{"x" * (LIMIT - 2)}"')


@pytest.mark.parametrize("name", ["hello", "Two words", "ünïcode", "a.b-c_d", "x" * 64])
def test_a_name_may_be_what_people_write(name):
    assert check_name(f" {name} ") == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "Give the event a name"),
        (" ", "Give the event a name"),
        ("x" * 65, "at most 64"),
        ("../up", "dot"),
        ("a/b", "name of a file"),
        ("a\\b", "name of a file"),
        ("a\nb", "unseen"),
        ("a\u202eb", "unseen"),
        ("a\ud800", "unseen"),
    ],
)
def test_a_name_that_could_not_be_a_file_is_refused(name, says):
    with pytest.raises(Invalid, match=says):
        check_name(name)
