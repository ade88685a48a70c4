"""What is expected of an event's run, and where a result falls short. Plain code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.errors import Invalid
from console.functions.values import storable
from runner.spec import InvocationResult, State

OUTCOMES = ("succeeds", "fails")
KEYS = frozenset({"outcome", "subset", "longest_ms", "log_has"})
SHOWN = 200
MOST_FAILURES = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that was not as expected. `path` is where in the response, as $.a[0].b."""

    rule: str
    message: str
    path: str = ""
    expected: str = ""
    actual: str = ""

    def __post_init__(self) -> None:
        # A response may hold what neither a database nor a page can.
        for name in ("message", "path", "expected", "actual"):
            object.__setattr__(self, name, storable(getattr(self, name)))


def clean(expectation: Mapping[str, Any]) -> dict[str, Any]:
    """An expectation in the form that is kept. Refuses with Invalid, naming the field."""
    for key in expectation:
        if key not in KEYS:
            raise Invalid(f"An expectation has no “{key}”.", field="expectation")
    kept: dict[str, Any] = {}
    if expectation.get("outcome") not in (None, ""):
        if expectation["outcome"] not in OUTCOMES:
            raise Invalid("The outcome is “succeeds” or “fails”.", field="outcome")
        kept["outcome"] = expectation["outcome"]
    if "subset" in expectation:
        kept["subset"] = expectation["subset"]
    if expectation.get("longest_ms") not in (None, ""):
        kept["longest_ms"] = _milliseconds(expectation["longest_ms"])
    if expectation.get("log_has") not in (None, ""):
        kept["log_has"] = _log_text(expectation["log_has"])
    return kept


def _milliseconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 900_000:
        raise Invalid(
            "The longest duration is a whole number of milliseconds from 1 to 900,000.",
            field="longest_ms",
        )
    return value


def _log_text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 1_000:
        raise Invalid("The log text is a text of at most 1,000 characters.", field="log_has")
    return value


def check(
    expectation: Mapping[str, Any], result: InvocationResult, log: str | None = None
) -> list[Failure]:
    """Where the result falls short of the expectation; nothing when it holds.

    `log` is the whole log where the caller has it; else the tail is searched.
    A run that was stopped or lost meets no expectation.
    """
    if result.state in (State.STOPPED, State.LOST):
        text = result.payload.decode(errors="replace") if result.state is State.LOST else ""
        words = "The run was stopped." if result.state is State.STOPPED else "The run was lost."
        return [Failure("run", words, actual=text[:SHOWN])]
    failures = _outcome(expectation, result)
    if "subset" in expectation:
        failures += _subset(expectation["subset"], result)
    longest = expectation.get("longest_ms")
    if longest is not None and result.duration_ms > longest:
        failures.append(
            Failure(
                "longest_ms",
                f"It took {result.duration_ms:,.2f} ms; at most {longest:,} ms were expected.",
                expected=f"{longest} ms",
                actual=f"{result.duration_ms:.2f} ms",
            )
        )
    wanted = expectation.get("log_has")
    found = log if log is not None else result.log_tail.decode(errors="replace")
    if wanted and wanted not in found:
        failures.append(
            Failure(
                "log_has", f"The log does not have the text “{_short(wanted)}”.", expected=wanted
            )
        )
    return failures[:MOST_FAILURES]


def _outcome(expectation: Mapping[str, Any], result: InvocationResult) -> list[Failure]:
    """The outcome; a subset or nothing said at all asks for success too."""
    wanted = expectation.get("outcome", "succeeds" if "subset" not in expectation else "")
    if not wanted or (result.state is State.SUCCEEDED) == (wanted == "succeeds"):
        return []
    if wanted == "fails":
        return [
            Failure("outcome", "It succeeded; a failure was expected.", "", "fails", "succeeds")
        ]
    said = _error_message(result)
    return [
        Failure(
            "outcome",
            f"It failed{f' with {result.error_type}' if result.error_type else ''}"
            f"{f': {said}' if said else '.'}",
            expected="succeeds",
            actual=result.error_type or "fails",
        )
    ]


def _error_message(result: InvocationResult) -> str:
    try:
        return _short(str(json.loads(result.payload)["errorMessage"]))
    except (ValueError, KeyError, TypeError):
        return ""


def _subset(wanted: Any, result: InvocationResult) -> list[Failure]:
    try:
        actual = json.loads(result.payload)
    except (ValueError, RecursionError):
        text = _short(result.payload.decode(errors="replace"))
        return [Failure("subset", "The response is not JSON.", "$", _shown(wanted), text)]
    return list(differences(wanted, actual))


def differences(wanted: Any, actual: Any, path: str = "$") -> list[Failure]:
    """Where `actual` lacks what `wanted` asks for.

    Objects may have more keys. Lists must have the same length, and each
    element is compared with the one at its place. Anything else is equal.
    """
    if isinstance(wanted, dict) and isinstance(actual, dict):
        return [
            failure
            for key, value in wanted.items()
            for failure in _member(value, actual, key, _step(path, key))
        ]
    if isinstance(wanted, list) and isinstance(actual, list):
        if len(wanted) != len(actual):
            return [
                Failure(
                    "subset",
                    f"{path} has {len(actual)} elements, not {len(wanted)}.",
                    path,
                    _shown(wanted),
                    _shown(actual),
                )
            ]
        return [
            failure
            for place, (one, other) in enumerate(zip(wanted, actual, strict=True))
            for failure in differences(one, other, f"{path}[{place}]")
        ]
    return [] if _same(wanted, actual) else [_differs(path, wanted, actual)]


def _member(wanted: Any, actual: dict[str, Any], key: str, path: str) -> list[Failure]:
    if key in actual:
        return differences(wanted, actual[key], path)
    message = f"{path} is missing; {_shown(wanted)} was expected."
    return [Failure("subset", message, path, _shown(wanted), "")]


def _differs(path: str, wanted: Any, actual: Any) -> Failure:
    message = f"{path} is {_shown(actual)}; {_shown(wanted)} was expected."
    return Failure("subset", message, path, _shown(wanted), _shown(actual))


def _same(wanted: Any, actual: Any) -> bool:
    """Equality in JSON: true is not 1, though 1 is 1.0."""
    if isinstance(wanted, bool) or isinstance(actual, bool):
        return wanted is actual
    return bool(wanted == actual)


def _step(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{json.dumps(key)}]"


def _shown(value: Any) -> str:
    return _short(json.dumps(value, ensure_ascii=False))


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
