"""Changing workspaces. Every change is all or nothing and grows `revision`."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.accounts.models import Account, User
from editor.models import Workspace


@dataclass(frozen=True, slots=True)
class Change:
    """A file's new content. `base` is the file revision it was edited from, 0 for a new file."""

    path: str
    content: bytes
    base: int


def create_workspace(
    *, account: Account, name: str, files: Mapping[str, bytes], by: User | None
) -> Workspace:
    """Make a workspace with these files. Refuses with Invalid a bad path or too large a tree."""
    raise NotImplementedError


def save_files(*, workspace: Workspace, changes: list[Change], by: User | None) -> int:
    """Save files at once; the workspace's new revision.

    Refuses with `editor.errors.SaveConflict` (which carries every conflicting
    path with its present content, revision, author and time) when a file was
    saved by someone else since its base; then nothing is saved.
    """
    raise NotImplementedError


def tree_of(workspace: Workspace) -> str:
    """The tree digest (`runner.code`) of all files as they are now."""
    raise NotImplementedError
