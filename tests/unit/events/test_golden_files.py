"""The catalogue against real samples: key paths exist with the same JSON types."""

import json
from pathlib import Path

import pytest

from console.events import catalogue
from tests import needs
from tests.unit.events.golden import EXCEPT, FIELDS, GO, OWN, PAIRS, SAR, UNMATCHED

TYPES = {
    dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number",
    type(None): "null",
}  # fmt: skip


@pytest.fixture(scope="module")
def golden() -> Path:
    return needs.shared_cases() / "events"


def paths(value: object, at: str = "$", out: dict[str, set[str]] | None = None):
    out = {} if out is None else out
    out.setdefault(at, set()).add(TYPES[type(value)])
    if isinstance(value, dict):
        for key, item in value.items():
            paths(item, f"{at}.{key}", out)
    elif isinstance(value, list):
        for item in value:
            paths(item, f"{at}[]", out)
    return out


def excused(source: str, path: str) -> bool:
    own = any(
        path.startswith(prefix)
        for area, prefixes in OWN.items()
        if source.startswith(area)
        for prefix in prefixes
    )
    return own or any(difference.covers(source, path) for difference in EXCEPT)


@pytest.mark.parametrize(
    ("source", "file"), [(source, file) for source, files in PAIRS.items() for file in files]
)
def test_every_key_path_of_a_golden_file_exists_with_the_same_type(golden, source, file):
    sample = paths(json.loads((golden / f"{file}.json").read_text()))
    ours = paths(catalogue.render(source, FIELDS.get(source, {})))
    lacking = {
        path: (sorted(types), sorted(ours.get(path, ())))
        for path, types in sample.items()
        if not types <= ours.get(path, set()) and not excused(source, path)
    }
    assert lacking == {}


def test_every_golden_file_is_compared_or_named_with_a_reason(golden):
    paired = {file for files in PAIRS.values() for file in files}
    left = [
        f"{folder}/{file.stem}"
        for folder in (GO, SAR)
        for file in sorted((golden / folder).glob("*.json"))
        if f"{folder}/{file.stem}" not in paired
        and not any(part in file.name for part in UNMATCHED)
    ]
    assert left == []


def test_no_exception_is_left_that_nothing_needs(golden):
    needed = set()
    for source, files in PAIRS.items():
        ours = paths(catalogue.render(source, FIELDS.get(source, {})))
        for file in files:
            for path, types in paths(json.loads((golden / f"{file}.json").read_text())).items():
                if not types <= ours.get(path, set()):
                    needed |= {d for d in EXCEPT if d.covers(source, path)}
    assert set(EXCEPT) - needed == set()


def test_the_vendored_data_is_the_original(golden):
    ours = Path(catalogue.__file__).parent / "data" / "sam-cli"
    for file in sorted((golden / "sam-cli").rglob("*.json")):
        assert (ours / file.relative_to(golden / "sam-cli")).read_bytes() == file.read_bytes()
