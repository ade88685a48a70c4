"""Blueprints: starting points for a function, as plain files beside this module.

A folder is a blueprint: `blueprint.json` says what it is, `events/*.json` are
its test events, and each language's folder holds its files.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from console.errors import NotFound

ROOT = Path(__file__).parent
ORDER = ("hello-world", "http-proxy", "s3-reader", "queue-consumer", "scheduled-job", "dependency")


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """A test event that comes with a blueprint. `source` is "service/event" of the catalogue."""

    name: str
    body: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A starting point, with its files by language ("python", "node")."""

    name: str
    title: str
    description: str
    memory_mb: int
    timeout_s: int
    handlers: dict[str, str]
    files: dict[str, dict[str, bytes]]
    events: tuple[SampleEvent, ...]


@lru_cache(maxsize=1)
def every() -> tuple[Blueprint, ...]:
    """All blueprints, in the order of the gallery."""
    return tuple(_load(ROOT / name) for name in ORDER)


def named(name: str) -> Blueprint:
    """A blueprint. Refuses with NotFound."""
    for blueprint in every():
        if blueprint.name == name:
            return blueprint
    raise NotFound(f"There is no blueprint {name!r}.", field="blueprint")


def _load(folder: Path) -> Blueprint:
    about = json.loads((folder / "blueprint.json").read_text())
    return Blueprint(
        name=folder.name,
        title=about["title"],
        description=about["description"],
        memory_mb=about.get("memory_mb", 128),
        timeout_s=about.get("timeout_s", 3),
        handlers=about["handlers"],
        files={language: _files(folder / language) for language in about["handlers"]},
        events=tuple(
            SampleEvent(
                name=event["name"],
                source=event.get("source", ""),
                body=(folder / "events" / event["file"]).read_text().rstrip("\n"),
            )
            for event in about["events"]
        ),
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {
        place.relative_to(folder).as_posix(): place.read_bytes()
        for place in sorted(folder.rglob("*"))
        if place.is_file() and "__pycache__" not in place.parts
    }
