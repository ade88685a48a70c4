"""Changing workspaces. Every change is all or nothing and grows `revision`."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from console.accounts.models import Account, User
from console.errors import Invalid, NotFound
from editor import contents
from editor.announcements import announce_change
from editor.errors import PathTaken, SaveConflict, Theirs
from editor.models import File, Workspace
from runner.code import Entry, digest_of

MAX_CHANGES = 1_000
SMALL_TREE = 2_000
"""Up to so many files the tree is kept with each save, not when it is first asked for."""


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
    return create_workspace_of_tree(account=account, name=name, tree=tree_from(files), by=by)


def tree_from(files: Mapping[str, bytes]) -> str:
    """Keep files as a tree; its digest. Refuses with Invalid a bad path or too large a tree."""
    for path, content in files.items():
        contents.check_size(path, content)
    contents.check_total(len(files), sum(map(len, files.values())))
    named = {contents.named(path): content for path, content in files.items()}
    contents.check_new_names(named, ())
    store = contents.store()
    return store.put_tree(
        {path: Entry(store.put_blob(content), len(content)) for path, content in named.items()}
    )


def create_workspace_of_tree(
    *, account: Account, name: str, tree: str, by: User | None
) -> Workspace:
    """Make a workspace with the files of a kept tree, as they are: an upload, a duplicate.

    Names are not changed: what was zipped on Linux may hold two that differ only in case.
    """
    now = timezone.now()
    entries = contents.store().get_tree(tree)
    texts = {path: contents.blob_is_text(entry.blob) for path, entry in entries.items()}
    with transaction.atomic():
        workspace = Workspace.objects.create(
            account=account, name=name, revision=1, tree=tree, tree_revision=1
        )
        files = [
            File(
                workspace=workspace,
                path=path,
                blob=entry.blob,
                size=entry.size,
                executable=entry.executable,
                text=texts[path],
                revision=1,
                saved_by=by,
                saved_at=now,
            )
            for path, entry in entries.items()
        ]
        File.objects.bulk_create(files, batch_size=500)
    return workspace


def save_files(*, workspace: Workspace, changes: list[Change], by: User | None) -> int:
    """Save files at once; the workspace's new revision.

    Refuses with `editor.errors.SaveConflict` (which carries every conflicting
    path with its present content, revision, author and time) when a file was
    saved by someone else since its base; then nothing is saved. The same
    content is never a conflict, and changes nothing.
    """
    if len(changes) > MAX_CHANGES:
        raise Invalid(f"At most {MAX_CHANGES:,} files can be saved at once.", field="changes")
    wanted = {change.path: change for change in map(_kept, changes)}
    with transaction.atomic():
        locked = _lock(workspace)
        query = locked.files.select_related("saved_by").filter(path__in=list(wanted))
        present = {file.path: file for file in query}
        differing = {
            path: change
            for path, change in wanted.items()
            if path not in present or present[path].blob != change.blob
        }
        _refuse_conflicts(differing, present)
        if differing:
            stale = {path: present[path] for path in differing if path in present}
            _write(locked, differing, stale, by)
    return locked.revision


def create_file(*, workspace: Workspace, path: str, content: bytes, by: User | None) -> int:
    """Add a file; the new revision. Refuses with PathTaken a name that clashes."""
    change = _kept(Change(path, content, 0))
    with transaction.atomic():
        locked = _lock(workspace)
        _write(locked, {change.path: change}, {}, by)
    return locked.revision


def upload_files(
    *, workspace: Workspace, files: Mapping[str, bytes], by: User | None, replace: bool = False
) -> int:
    """Add dropped files; the new revision. An archive stays one file: it is not unpacked.

    Refuses with PathTaken when a file of that name exists, unless `replace`.
    """
    kept = [_kept(Change(path, content, 0)) for path, content in files.items()]
    changes = {change.path: change for change in kept}
    with transaction.atomic():
        locked = _lock(workspace)
        present = {file.path: file for file in locked.files.all() if file.path in changes}
        if present and not replace:
            names = ", ".join(sorted(present)[:5])
            raise PathTaken(f"Already here: {names}. Replace them, or rename yours.", field="files")
        if changes:
            _write(locked, changes, present, by)
    return locked.revision


def rename(*, workspace: Workspace, old: str, new: str, by: User | None) -> int:
    """Rename or move a file or a folder; the new revision.

    Refuses with NotFound, with PathTaken when the new name clashes, and with
    Invalid a folder moved into itself.
    """
    new = contents.named(new)
    if new.startswith(old + "/"):
        raise Invalid(f"{old} can't be moved into itself.", field="to")
    with transaction.atomic():
        locked = _lock(workspace)
        every = {file.path: file for file in locked.files.all()}
        moved = _under(every, old)
        targets = {path: new + path[len(old) :] for path in moved}
        contents.check_new_names(
            [contents.named(target) for target in targets.values()],
            [path for path in every if path not in moved],
        )
        _grow(locked)
        for path, target in targets.items():
            every[path].path = target
            every[path].revision = locked.revision
        File.objects.bulk_update([every[p] for p in moved], ["path", "revision"], batch_size=200)
        announce_change(workspace=locked, by=by, paths=[*moved, *targets.values()])
    return locked.revision


def delete(*, workspace: Workspace, path: str, by: User | None) -> int:
    """Delete a file or a folder with all in it; the new revision. Refuses with NotFound."""
    with transaction.atomic():
        locked = _lock(workspace)
        every = {file.path: file for file in locked.files.all()}
        gone = _under(every, path)
        keys = [every[name].pk for name in gone]
        for start in range(0, len(keys), 500):
            File.objects.filter(pk__in=keys[start : start + 500]).delete()
        _grow(locked)
        announce_change(workspace=locked, by=by, paths=gone)
    return locked.revision


def tree_of(workspace: Workspace) -> str:
    """The tree digest (`runner.code`) of all files as they are now."""
    return snapshot(workspace)[0]


def snapshot(workspace: Workspace) -> tuple[str, int]:
    """The tree digest of all files as they are now, and the revision it is of."""
    row = Workspace.objects.only("revision", "tree", "tree_revision").get(pk=workspace.pk)
    if row.tree and row.tree_revision == row.revision:
        return row.tree, row.revision
    with transaction.atomic():
        # Locked, so that the files read are those of the revision written beside them.
        locked = _lock(workspace)
        locked.tree = contents.store().put_tree(_entries(locked))
        locked.tree_revision = locked.revision
        locked.save(update_fields=["tree", "tree_revision"])
    return locked.tree, locked.revision


def _lock(workspace: Workspace) -> Workspace:
    # On SQLite the transaction itself (BEGIN IMMEDIATE) is the lock.
    locked = Workspace.objects.select_for_update().filter(pk=workspace.pk).first()
    if locked is None:
        raise NotFound("These files were deleted meanwhile.")
    return locked


def _entries(locked: Workspace) -> dict[str, Entry]:
    rows = locked.files.values_list("path", "blob", "size", "executable")
    return {path: Entry(blob, size, runs) for path, blob, size, runs in rows}


def _grow(locked: Workspace) -> None:
    locked.revision += 1
    locked.save(update_fields=["revision", "updated_at"])


def _under(every: Mapping[str, File], path: str) -> list[str]:
    # Matched here, not in SQL: SQLite's LIKE takes A for a.
    found = [name for name in every if name == path or name.startswith(path + "/")]
    if not found:
        raise NotFound(f"There is no {path}: it was renamed or deleted meanwhile.", field="path")
    return found


@dataclass(frozen=True, slots=True)
class _Kept:
    """A change whose path and size are checked, under the digest that its content gets."""

    path: str
    content: bytes
    base: int
    blob: str
    size: int
    text: bool


def _kept(change: Change) -> _Kept:
    path = contents.named(change.path)
    contents.check_size(path, change.content)
    return _Kept(
        path=path,
        content=change.content,
        base=change.base,
        blob=digest_of(change.content),
        size=len(change.content),
        text=contents.is_text(change.content),
    )


def _refuse_conflicts(changes: Mapping[str, _Kept], present: Mapping[str, File]) -> None:
    conflicts: list[Theirs] = []
    for path, change in changes.items():
        file = present.get(path)
        if file is None and change.base:
            conflicts.append(Theirs(path, None, 0, "", None))
        elif file is not None and file.revision != change.base:
            content = contents.store().get_blob(file.blob)
            who = file.saved_by.username if file.saved_by else ""
            conflicts.append(Theirs(path, content, file.revision, who, file.saved_at))
    if conflicts:
        raise SaveConflict(conflicts)


def _write(
    locked: Workspace, changes: Mapping[str, _Kept], present: Mapping[str, File], by: User | None
) -> None:
    tree = _entries(locked)
    new = [path for path in changes if path not in present]
    if new:
        contents.check_new_names(new, tree)
    for path, change in changes.items():
        runs = path in tree and tree[path].executable
        tree[path] = Entry(change.blob, change.size, runs)
    contents.check_total(len(tree), sum(entry.size for entry in tree.values()))
    for change in changes.values():  # only now: what is refused must leave nothing on the disk
        contents.store().put_blob(change.content)
    locked.revision += 1
    if len(tree) <= SMALL_TREE:
        # Whoever saves runs next: the tree is at hand now, and cheap.
        locked.tree, locked.tree_revision = contents.store().put_tree(tree), locked.revision
    locked.save(update_fields=["revision", "tree", "tree_revision", "updated_at"])
    now = timezone.now()
    _insert(locked, [changes[path] for path in new], by)
    for path, file in present.items():
        change = changes[path]
        file.blob, file.size, file.text = change.blob, change.size, change.text
        file.revision, file.saved_by, file.saved_at = locked.revision, by, now
        file.save(update_fields=_SAVED)
    announce_change(workspace=locked, by=by, paths=list(changes))


_SAVED = ["blob", "size", "text", "revision", "saved_by", "saved_at"]


def _insert(workspace: Workspace, changes: list[_Kept], by: User | None) -> None:
    now = timezone.now()
    files = [
        File(
            workspace=workspace,
            path=change.path,
            blob=change.blob,
            size=change.size,
            text=change.text,
            revision=workspace.revision,
            saved_by=by,
            saved_at=now,
        )
        for change in changes
    ]
    File.objects.bulk_create(files, batch_size=500)
