"""Every runtime name of AWS, and which installed interpreter serves it.

A name is served by its own version where that is installed, else by the
nearest newer one, else by the nearest older one; what really runs is always
told (`RuntimeInfo.interpreter`). To add a language: its rows here, its
interpreters in `discover`, its bootstrap and its client in `install`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runner.errors import RuntimeNotSupported
from runner.runtimes import Interpreter
from runner.spec import RuntimeInfo

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Runtime:
    """One name of AWS's list. `deprecated`: AWS has ended or announced the end of it."""

    name: str
    language: str
    label: str
    version: Version
    deprecated: bool = False


_NAMES: dict[str, str] = {"python": "Python", "node": "Node.js"}

RUNTIMES: dict[str, Runtime] = {
    runtime.name: runtime
    for runtime in (
        Runtime("python3.14", "python", "Python 3.14", (3, 14)),
        Runtime("python3.13", "python", "Python 3.13", (3, 13)),
        Runtime("python3.12", "python", "Python 3.12", (3, 12)),
        Runtime("python3.11", "python", "Python 3.11", (3, 11)),
        Runtime("python3.10", "python", "Python 3.10", (3, 10), deprecated=True),
        Runtime("python3.9", "python", "Python 3.9", (3, 9), deprecated=True),
        Runtime("python3.8", "python", "Python 3.8", (3, 8), deprecated=True),
        Runtime("python3.7", "python", "Python 3.7", (3, 7), deprecated=True),
        Runtime("python3.6", "python", "Python 3.6", (3, 6), deprecated=True),
        Runtime("nodejs24.x", "node", "Node.js 24.x", (24,)),
        Runtime("nodejs22.x", "node", "Node.js 22.x", (22,)),
        Runtime("nodejs20.x", "node", "Node.js 20.x", (20,), deprecated=True),
        Runtime("nodejs18.x", "node", "Node.js 18.x", (18,), deprecated=True),
        Runtime("nodejs16.x", "node", "Node.js 16.x", (16,), deprecated=True),
        Runtime("nodejs14.x", "node", "Node.js 14.x", (14,), deprecated=True),
        Runtime("nodejs12.x", "node", "Node.js 12.x", (12,), deprecated=True),
    )
}

NOT_SERVED: dict[str, str] = {
    "python2.7": "Python 2.7",
    "nodejs": "Node.js 0.10",
    "nodejs4.3": "Node.js 4.3",
    "nodejs4.3-edge": "Node.js 4.3",
    "nodejs6.10": "Node.js 6.10",
    "nodejs8.10": "Node.js 8.10",
    "nodejs10.x": "Node.js 10.x",
    "java8": "Java 8",
    "java8.al2": "Java 8",
    "java11": "Java 11",
    "java17": "Java 17",
    "java21": "Java 21",
    "java25": "Java 25",
    "dotnetcore1.0": ".NET Core 1.0",
    "dotnetcore2.0": ".NET Core 2.0",
    "dotnetcore2.1": ".NET Core 2.1",
    "dotnetcore3.1": ".NET Core 3.1",
    "dotnet6": ".NET 6",
    "dotnet8": ".NET 8",
    "dotnet10": ".NET 10",
    "go1.x": "Go 1.x",
    "ruby2.5": "Ruby 2.5",
    "ruby2.7": "Ruby 2.7",
    "ruby3.2": "Ruby 3.2",
    "ruby3.3": "Ruby 3.3",
    "ruby3.4": "Ruby 3.4",
    "provided": "Custom runtime (Amazon Linux)",
    "provided.al2": "Custom runtime (Amazon Linux 2)",
    "provided.al2023": "Custom runtime (Amazon Linux 2023)",
}
"""Names that AWS has or had and that nothing here runs yet."""


def lookup(name: str) -> Runtime:
    """A runtime by its name. Raises RuntimeNotSupported for those not served and for no name."""
    if name in RUNTIMES:
        return RUNTIMES[name]
    served = "Python (python3.6 to python3.14) and Node.js (nodejs12.x to nodejs24.x)"
    if name in NOT_SERVED:
        raise RuntimeNotSupported(
            f"{NOT_SERVED[name]} ({name}) does not run here yet. What runs: {served}."
        )
    raise RuntimeNotSupported(f"There is no runtime {name!r}. What runs here: {served}.")


def resolve(name: str, installed: Sequence[Interpreter]) -> Interpreter | None:
    """The best of these interpreters for a runtime, None when none is of its language.

    Raises RuntimeNotSupported as `lookup`.
    """
    runtime = lookup(name)
    fitting = [i for i in installed if i.language == runtime.language]
    if not fitting:
        return None
    return min(fitting, key=lambda interpreter: _distance(runtime.version, interpreter))


def describe(installed: Mapping[str, Sequence[Interpreter]]) -> list[RuntimeInfo]:
    """Every served name, newest first by language; `installed` is by backend, best first."""
    return [_info(runtime, installed) for runtime in RUNTIMES.values()]


def _info(runtime: Runtime, installed: Mapping[str, Sequence[Interpreter]]) -> RuntimeInfo:
    found = {name: resolve(runtime.name, those) for name, those in installed.items()}
    serving = {name: interpreter for name, interpreter in found.items() if interpreter}
    return RuntimeInfo(
        name=runtime.name,
        language=runtime.language,
        label=runtime.label,
        interpreter=_text(serving.values()),
        backends=tuple(serving),
        deprecated=runtime.deprecated,
    )


def _text(serving: Iterable[Interpreter]) -> str:
    """What runs: that of the first backend, which is the one taken."""
    for interpreter in serving:
        return f"{_NAMES[interpreter.language]} {interpreter.version}"
    return ""


def _distance(wanted: Version, interpreter: Interpreter) -> tuple[int, Version, Version]:
    """Sorts the same version first, then newer ones upwards, then older ones downwards."""
    full = version_of(interpreter)
    near = full[: len(wanted)]
    latest = tuple(-part for part in full)
    if near == wanted:
        return 0, (), latest
    if near > wanted:
        return 1, near, latest
    return 2, tuple(-part for part in near), latest


def version_of(interpreter: Interpreter) -> Version:
    """An interpreter's version as numbers: "3.14.0rc2" is (3, 14, 0)."""
    parts = []
    for part in interpreter.version.split(".")[:3]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        parts.append(int(digits) if digits else 0)
    return tuple(parts)
