"""What a file of a workspace may be called and may hold: plain, no database."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from console.errors import Invalid
from editor.errors import PathTaken
from runner.code import MAX_FILES, MAX_TREE_BYTES, CodeStore, clean_path
from runner.errors import CodeInvalid

MAX_FILE_BYTES = 26_214_400
"""25 MB: what one save or upload of a file may hold."""
MAX_SHOWN_BYTES = 3_145_728
"""3 MB: the largest text that is sent to the page to be edited."""


def store() -> CodeStore:
    """The installation's code store."""
    return _store(Path(settings.CODE_STORE))


@lru_cache(maxsize=4)
def _store(root: Path) -> CodeStore:
    return CodeStore(root)


def is_text(content: bytes) -> bool:
    """Whether the bytes can be edited as text: UTF-8 without NUL."""
    if b"\0" in content[:8192]:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


@lru_cache(maxsize=65_536)
def blob_is_text(blob: str) -> bool:
    """Whether a kept blob is text. A blob never changes, so the answer is kept."""
    return is_text(store().get_blob(blob))


def named(path: str) -> str:
    """A path as a person gave it, in Unicode's composed form, checked.

    The same name typed on two systems must be one file, so NFC. Refuses with
    Invalid what `runner.code.clean_path` refuses.
    """
    try:
        return clean_path(unicodedata.normalize("NFC", path.strip()))
    except CodeInvalid as refusal:
        raise Invalid(refusal.message, field="path") from refusal


def check_size(path: str, content: bytes) -> None:
    """Refuse with Invalid a file over 25 MB."""
    if len(content) > MAX_FILE_BYTES:
        raise Invalid(
            f"{path} has {len(content) / 1_048_576:.0f} MB; a file may have 25 MB.", field="path"
        )


def check_new_names(new: Iterable[str], present: Iterable[str]) -> None:
    """Refuse with PathTaken new names that clash with present ones or each other.

    A clash is: a file where a folder is, a folder where a file is, or names
    that differ only in case (they are one file on Windows and macOS, where
    the function's zip may be unpacked).
    """
    paths = set(present)
    folded = {_folded(path): path for path in paths}
    folders = {parent for path in paths for parent in parents_of(path)}
    for path in new:
        if path in folders:
            raise PathTaken(f"{path} is a folder.", field="path")
        for parent in parents_of(path):
            if parent in paths:
                raise PathTaken(f"{parent} is a file, so it can't hold {path}.", field="path")
        if (other := folded.get(_folded(path))) is not None:
            how = "exists already" if other == path else f"differs from {other} only in case"
            raise PathTaken(f"{path} {how}: choose another name.", field="path")
        paths.add(path)
        folded[_folded(path)] = path
        folders.update(parents_of(path))


def check_total(count: int, size: int) -> None:
    """Refuse with Invalid a tree of over 50,000 files or 250 MB."""
    if count > MAX_FILES:
        raise Invalid(f"That would make {count:,} files; at most {MAX_FILES:,} are taken.")
    if size > MAX_TREE_BYTES:
        raise Invalid(
            f"That would make {size / 1_048_576:.0f} MB in all; 250 MB is the most. "
            "Leave out what a requirements.txt or package.json can install."
        )


def parents_of(path: str) -> list[str]:
    """The folders above a path: "a/b/c.py" gives ["a", "a/b"]."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
