"""Reading workspaces."""

from dataclasses import dataclass

from console.errors import NotFound
from editor import contents
from editor.models import File, Workspace
from runner.code import Tree


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a tree of files shows it."""

    path: str
    size: int
    revision: int
    executable: bool
    text: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A file with its content; None when it is binary or too large to be edited."""

    path: str
    revision: int
    size: int
    text: bool
    content: str | None


def workspace_in(*, account_id: str, workspace_id: int) -> Workspace:
    """A workspace of an account. Refuses with NotFound."""
    workspace = Workspace.objects.filter(account_id=account_id, pk=workspace_id).first()
    if workspace is None:
        raise NotFound("There are no such files in this account: they may have been deleted.")
    return workspace


def listing(workspace: Workspace) -> list[Listed]:
    """Every file, by path."""
    rows = workspace.files.values_list("path", "size", "revision", "executable", "text")
    return [Listed(*row) for row in rows.order_by("path")]


def read(*, workspace: Workspace, path: str) -> Read:
    """One file. Refuses with NotFound."""
    file = workspace.files.filter(path=path).first()
    if file is None:
        raise NotFound(f"There is no {path}: it was renamed or deleted meanwhile.", field="path")
    return Read(path, file.revision, file.size, file.text, _shown(file.blob, file.size, file.text))


def raw(*, workspace: Workspace, path: str) -> bytes:
    """One file's bytes, whatever they are. Refuses with NotFound."""
    file = workspace.files.filter(path=path).first()
    if file is None:
        raise NotFound(f"There is no {path}: it was renamed or deleted meanwhile.", field="path")
    return contents.store().get_blob(file.blob)


def texts(*, workspace: Workspace, paths: list[str]) -> dict[str, bytes]:
    """The content of those of the paths that exist."""
    rows = workspace.files.filter(path__in=paths).values_list("path", "blob")
    return {path: contents.store().get_blob(blob) for path, blob in rows}


def revisions(*, workspace: Workspace, paths: list[str]) -> dict[str, int]:
    """The revision of those of the paths that exist: the bases of their next save."""
    return dict(workspace.files.filter(path__in=paths).values_list("path", "revision"))


def file_rows(workspace: Workspace) -> list[File]:
    """Every text file with its blob, for a search."""
    return list(workspace.files.filter(text=True).only("path", "blob", "size"))


def tree_listing(tree: Tree) -> list[Listed]:
    """The files of a kept tree, by path; it has no revisions."""
    return [
        Listed(path, entry.size, 0, entry.executable, contents.blob_is_text(entry.blob))
        for path, entry in sorted(tree.items())
    ]


def tree_read(*, tree: Tree, path: str) -> Read:
    """One file of a kept tree. Refuses with NotFound."""
    entry = tree.get(path)
    if entry is None:
        raise NotFound(f"There is no {path} in what is deployed.", field="path")
    text = contents.blob_is_text(entry.blob)
    return Read(path, 0, entry.size, text, _shown(entry.blob, entry.size, text))


def _shown(blob: str, size: int, text: bool) -> str | None:
    if not text or size > contents.MAX_SHOWN_BYTES:
        return None
    return contents.store().get_blob(blob).decode()
