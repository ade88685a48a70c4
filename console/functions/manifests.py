"""Which dependencies a tree of code asks for: read from its manifests, plain."""

import json
from collections.abc import Mapping
from functools import lru_cache

from console.errors import Invalid
from editor.contents import store
from runner.code import Entry

MAX_MANIFEST_BYTES = 5_242_880


@lru_cache(maxsize=128)
def needed(language: str, tree: str) -> Mapping[str, str]:
    """The manifests to build for this code, by name; empty when there is nothing to install.

    A tree that brings its packages (node_modules, or .dist-info folders as
    `pip install -t` leaves them) needs no build, as on AWS. Refuses with
    Invalid a manifest that can't be read.
    """
    entries = store().get_tree(tree)
    if language == "python":
        return _python(entries)
    if language == "node":
        return _node(entries)
    return {}


def _python(entries: Mapping[str, Entry]) -> Mapping[str, str]:
    text = _read(entries, "requirements.txt")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    if not any(lines) or any(path.split("/")[0].endswith(".dist-info") for path in entries):
        return {}
    return {"requirements.txt": text}


def _node(entries: Mapping[str, Entry]) -> Mapping[str, str]:
    text = _read(entries, "package.json")
    if not text.strip() or any(path.startswith("node_modules/") for path in entries):
        return {}
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Invalid(f"package.json is not JSON: {error}.", field="package.json") from error
    if not isinstance(document, dict):
        raise Invalid("package.json must hold a JSON object.", field="package.json")
    if not document.get("dependencies") and not document.get("optionalDependencies"):
        return {}
    manifests = {"package.json": text}
    if lock := _read(entries, "package-lock.json"):
        manifests["package-lock.json"] = lock
    return manifests


def _read(entries: Mapping[str, Entry], name: str) -> str:
    entry = entries.get(name)
    if entry is None:
        return ""
    if entry.size > MAX_MANIFEST_BYTES:
        raise Invalid(f"{name} is over 5 MB.", field=name)
    try:
        return store().get_blob(entry.blob).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{name} is not UTF-8 text.", field=name) from error
