"""Stack traces as (class, text) pairs: what Pygments makes of them, drawn by the page as text."""

import json
from collections.abc import Mapping
from typing import Any

from pygments.lexer import RegexLexer, bygroups
from pygments.lexers.python import PythonTracebackLexer
from pygments.token import STANDARD_TYPES, Generic, Name, Number, Punctuation, Text, _TokenType

MAX_TRACE = 65_536
Pairs = list[tuple[str, str]]


class NodeTraceLexer(RegexLexer):
    """What Node.js prints of an error: a message, then lines "at function (file:line:column)"."""

    name = "Node.js stack trace"
    tokens = {
        "root": [
            (
                r"^(\s+at )(async )?([^\s(]+(?: \[as [^\]]+\])?)( \()([^()\n]*?)(:\d+:\d+)(\))$",
                bygroups(
                    Text,
                    Name.Builtin,
                    Name.Function,
                    Punctuation,
                    Name.Namespace,
                    Number.Integer,
                    Punctuation,
                ),
            ),
            (
                r"^(\s+at )(async )?([^()\n]*?)(:\d+:\d+)$",
                bygroups(Text, Name.Builtin, Name.Namespace, Number.Integer),
            ),
            (
                r"^([A-Za-z.]*(?:Error|Exception)\w*)(:)(.*)$",
                bygroups(Generic.Error, Punctuation, Text),
            ),
            (r".+", Text),
            (r"\n", Text),
        ]
    }


def trace_of(payload: bytes) -> Pairs | None:
    """The stack trace of an error object, or None when it holds none."""
    try:
        error = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(error, dict):
        return None
    if lines := _lines(error, "stackTrace"):
        return _pairs(PythonTracebackLexer(stripnl=False), _python(error, lines))
    if lines := _lines(error, "trace"):
        return _pairs(NodeTraceLexer(stripnl=False), "\n".join(lines))
    return None


def _python(error: Mapping[str, Any], lines: list[str]) -> str:
    frames = "".join(line if line.endswith("\n") else line + "\n" for line in lines)
    summary = f"{error.get('errorType', 'Exception')}: {error.get('errorMessage', '')}"
    return f"Traceback (most recent call last):\n{frames}{summary}"


def _lines(error: Mapping[str, Any], key: str) -> list[str]:
    given = error.get(key)
    return [line for line in given if isinstance(line, str)] if isinstance(given, list) else []


def _pairs(lexer: Any, text: str) -> Pairs:
    pairs: Pairs = []
    # JSON may name half a character, which no page can hold.
    whole = text[:MAX_TRACE].encode("utf-8", "replace").decode()
    for token, value in lexer.get_tokens(whole):
        name = _class_of(token)
        if pairs and pairs[-1][0] == name:
            pairs[-1] = (name, pairs[-1][1] + value)
        else:
            pairs.append((name, value))
    return pairs


def _class_of(token: _TokenType) -> str:
    for known in reversed(token.split()):
        if known in STANDARD_TYPES:
            return STANDARD_TYPES[known]
    return ""
