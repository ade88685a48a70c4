"""An event's text and name: what may be saved, and what to do when it may not."""

import json
import unicodedata
from typing import Any

from console.errors import Invalid

LIMIT = 6_291_456
"""Bytes: what a synchronous call takes."""
NAME_LENGTH = 64


def check_body(body: str) -> Any:
    """The JSON that `body` holds. Refuses with Invalid, saying where it stops being JSON."""
    try:
        size = len(body.encode())
    except UnicodeEncodeError as problem:
        raise Invalid(
            f"Character {problem.start + 1} is half of a character. Type or paste it again.",
            field="body",
        ) from None
    if size > LIMIT:
        raise Invalid(
            f"The event is {size:,} bytes; a function takes at most {LIMIT:,}. "
            "Put large data where the function can read it and send its address.",
            field="body",
        )
    if not body.strip():
        raise Invalid(
            "The event is empty. Type JSON, or {} for an event with nothing.", field="body"
        )
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except json.JSONDecodeError as problem:
        raise Invalid(
            f"Not JSON: line {problem.lineno}, column {problem.colno}: {_advice(problem)}",
            field="body",
        ) from None
    except NotJson as problem:
        raise Invalid(
            f"Not JSON: it has no {problem}. Use null, a number or a text in quotes.", field="body"
        ) from None
    except RecursionError:
        raise Invalid("The JSON is nested too deeply to be read.", field="body") from None
    except ValueError:  # Python's limit on the digits of a whole number
        raise Invalid("The JSON holds a number too long to be read.", field="body") from None


class NotJson(ValueError):
    """A word that other languages take for a number."""


def _refuse_constant(word: str) -> Any:
    raise NotJson(word)


ADVICE = {
    "Expecting value": "a value is missing here, or a comma is left over before it. "
    "Texts need double quotes.",
    "Expecting property name enclosed in double quotes": "a name in double quotes belongs here; "
    "a comma after the last entry is not allowed.",
    "Illegal trailing comma before end of object": "take out the comma after the last entry.",
    "Illegal trailing comma before end of array": "take out the comma after the last entry.",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing before this.",
    "Expecting ':' delimiter": "a colon belongs between a name and its value.",
    "Unterminated string starting at": "the text that starts here has no closing double quote.",
    "Extra data": "the JSON ends before this. Send one value; wrap several in [ ].",
    "Invalid control character at": "a line break or tab inside a text must be written \\n or \\t.",
    "Invalid \\escape": "a single backslash must be written \\\\.",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "an invisible byte order mark is in front. "
    "Delete the first character.",
}
"""What to do for each of the JSON reader's complaints."""


def _advice(problem: json.JSONDecodeError) -> str:
    return ADVICE.get(problem.msg, f"{problem.msg}.")


def check_name(name: str) -> str:
    """The name without blanks around it. Refuses with Invalid what cannot name a file too."""
    name = unicodedata.normalize("NFC", name).strip()
    if not name:
        raise Invalid("Give the event a name.", field="name")
    if len(name) > NAME_LENGTH:
        raise Invalid(
            f"The name has {len(name)} characters; at most {NAME_LENGTH} are kept.", field="name"
        )
    # Cc, Cs, Zl and Zp, and the marks that turn the reading direction: not seen, not typed.
    unseen = any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in name)
    if unseen or any(char in '/\\:*?"<>|' for char in name) or name.startswith("."):
        raise Invalid(
            'A name may not start with a dot nor hold / \\ : * ? " < > | '
            "or unseen characters: it is also the name of a file.",
            field="name",
        )
    return name
