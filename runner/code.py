"""The code store: files kept once by content, trees unpacked once per node.

A *blob* is a file's bytes under their SHA-256. A *tree* is a manifest of
paths to blobs, under the SHA-256 of the manifest. `checkout` makes a tree a
read-only directory of hard links, once, so that a save costs what changed
and never the size of the whole. Nothing here is ever modified in place.
"""

import hashlib
import io
import json
import lzma
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.errors import CodeInvalid

MAX_FILES = 50_000
MAX_TREE_BYTES = 262_144_000
"""250 MB unzipped, as AWS's quotas page has it."""
MAX_ZIP_BYTES = 52_428_800
"""50 MB zipped for a direct upload, as AWS's quotas page has it."""
MAX_PATH = 1_024
MAX_DEPTH = 100
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
"""What zipfile and its decompressors raise on a damaged archive."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree: its blob, size in bytes, and whether it may be executed."""

    blob: str
    size: int
    executable: bool = False


Tree = Mapping[str, Entry]


def clean_path(path: str) -> str:
    """The path of a file in a tree, checked. Refuses with CodeInvalid what could leave the tree."""
    if not path or len(path.encode("utf-8", "surrogatepass")) > MAX_PATH:
        raise CodeInvalid(f"A path must have 1 to {MAX_PATH} bytes.")
    if any(ord(c) < 32 or c == "\\" or 0xD800 <= ord(c) <= 0xDFFF for c in path):
        raise CodeInvalid(f"The path {path!r} has a control character or a backslash: rename it.")
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise CodeInvalid(f"The path {path!r} is not relative and plain: use names like lib/a.py.")
    if len(parts) > MAX_DEPTH or any(len(part.encode()) > 255 for part in parts):
        raise CodeInvalid(
            f"The path {path[:80]!r} is too deep (over {MAX_DEPTH}) or a name too long."
        )
    return path


def entries_of_zip(data: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """Each file of an uploaded zip as (path, bytes, executable).

    Refuses with CodeInvalid: not a zip, truncated, encrypted, links, paths
    that leave the tree, over 50,000 files, over 50 MB zipped or 250 MB
    unzipped. Sizes are counted while reading, never believed.
    """
    if len(data) > MAX_ZIP_BYTES:
        raise CodeInvalid("The zip is over 50 MB: leave out what can be installed from a manifest.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise CodeInvalid("The file is not a zip archive, or is cut short.") from error
    with archive:
        infos = archive.infolist()
        if len(infos) > MAX_FILES:
            raise CodeInvalid(
                f"The zip has {len(infos):,} entries; at most {MAX_FILES:,} are taken."
            )
        left = MAX_TREE_BYTES
        for info in infos:
            if info.is_dir():
                continue
            path, content, mode = _read_member(archive, info, left)
            left -= len(content)
            yield path, content, bool(mode & stat.S_IXUSR)


def _read_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int
) -> tuple[str, bytes, int]:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG):
        raise CodeInvalid(f"{info.filename!r} is a link or device: only plain files are taken.")
    if info.flag_bits & 0x1:
        raise CodeInvalid(f"{info.filename!r} is encrypted: upload a zip without a password.")
    path = clean_path(info.filename)
    try:
        with archive.open(info) as member:
            content = member.read(left + 1)
    except DAMAGED as error:
        raise CodeInvalid(f"{info.filename!r} can't be read: the zip is damaged.") from error
    if len(content) > left:
        raise CodeInvalid("The zip unpacks to over 250 MB: leave out what can be installed.")
    return path, content, mode


class CodeStore:
    """The store under one directory, shared by every process of an installation."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / "blobs"
        self._manifests = root / "manifests"
        self._trees = root / "trees"
        for directory in (self._blobs, self._manifests, self._trees):
            directory.mkdir(parents=True, exist_ok=True)

    # -- blobs

    def put_blob(self, content: bytes) -> str:
        """Keep bytes; their digest. Keeping them twice is free."""
        digest = digest_of(content)
        place = self._blob_place(digest)
        if not place.exists():
            self._write(place, content, 0o444)
        return digest

    def get_blob(self, digest: str) -> bytes:
        """The bytes. Raises FileNotFoundError when they were never kept."""
        return self._blob_place(digest).read_bytes()

    # -- trees

    def put_tree(self, tree: Tree) -> str:
        """Keep a manifest; its digest. Refuses paths that clash (a file that is a folder too)."""
        check_tree(tree)
        document = {
            path: [entry.blob, entry.size, int(entry.executable)]
            for path, entry in sorted(tree.items())
        }
        content = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(content).hexdigest()
        place = self._manifests / digest
        if not place.exists():
            self._write(place, content, 0o444)
        return digest

    def get_tree(self, digest: str) -> dict[str, Entry]:
        """The manifest of a tree. Raises FileNotFoundError when there is none."""
        document = json.loads((self._manifests / digest).read_bytes())
        return {
            path: Entry(blob, size, bool(executable))
            for path, (blob, size, executable) in document.items()
        }

    def put_zip(self, data: bytes) -> str:
        """Keep an uploaded zip as a tree. Refuses as `entries_of_zip` and `put_tree` do.

        It is read twice, so that nothing is kept of one that is refused at its last entry.
        """
        tree: dict[str, Entry] = {}
        for path, content, executable in entries_of_zip(data):
            tree[path] = Entry(hashlib.sha256(content).hexdigest(), len(content), executable)
        check_tree(tree)
        for _, content, _ in entries_of_zip(data):
            self.put_blob(content)
        return self.put_tree(tree)

    def to_zip(self, digest: str) -> bytes:
        """A tree as a zip: the same tree gives the same bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, entry in self.get_tree(digest).items():
                info = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                mode = 0o755 if entry.executable else 0o644
                info.external_attr = (stat.S_IFREG | mode) << 16
                archive.writestr(info, self.get_blob(entry.blob))
        return buffer.getvalue()

    def checkout(self, digest: str) -> Path:
        """The directory of a tree on this node, unpacked on first use, never changed after."""
        place = self._trees / digest
        if place.exists():
            return place
        with tempfile.TemporaryDirectory(dir=self._trees, prefix=".new-") as temporary:
            new = Path(temporary) / "tree"
            new.mkdir(mode=0o755)
            made = {""}
            for path, entry in self.get_tree(digest).items():
                parent = path.rpartition("/")[0]
                if parent not in made:
                    (new / parent).mkdir(parents=True, exist_ok=True)
                    made.add(parent)
                os.link(self._linkable(entry), new / path)
            _settle(new, place)
        return place

    def adopt_directory(self, directory: Path) -> str:
        """Take over a directory that a build made, as a tree; its digest.

        The files themselves become the checkout: nothing is copied. Links
        inside are kept only when they stay inside; others raise CodeInvalid.
        """
        digest = _digest_of_directory(directory)
        place = self._trees / digest
        if place.exists():
            shutil.rmtree(directory)
        else:
            _settle(directory, place)
        return digest

    # -- places

    def _blob_place(self, digest: str) -> Path:
        return self._blobs / digest[:2] / digest[2:]

    def _linkable(self, entry: Entry) -> Path:
        plain = self._blob_place(entry.blob)
        if not entry.executable:
            return plain
        runnable = plain.with_name(plain.name + ".x")
        if not runnable.exists():
            self._write(runnable, plain.read_bytes(), 0o555)
        return runnable

    @staticmethod
    def _write(place: Path, content: bytes, mode: int) -> None:
        place.parent.mkdir(exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, place)


def digest_of(content: bytes) -> str:
    """The digest under which these bytes are kept, or would be."""
    return hashlib.sha256(content).hexdigest()


def check_tree(tree: Tree) -> None:
    """Refuse with CodeInvalid a tree too large, with a bad path, or a file that is a folder too."""
    if len(tree) > MAX_FILES:
        raise CodeInvalid(f"The tree has {len(tree):,} files; at most {MAX_FILES:,} are taken.")
    if sum(entry.size for entry in tree.values()) > MAX_TREE_BYTES:
        raise CodeInvalid("The files are over 250 MB in all: leave out what can be installed.")
    for path in tree:
        clean_path(path)
        parent = path.rpartition("/")[0]
        while parent:
            if parent in tree:
                raise CodeInvalid(f"{parent!r} is both a file and a folder.")
            parent = parent.rpartition("/")[0]


def _settle(new: Path, place: Path) -> None:
    """Move a finished directory to its name; the first of two who race wins."""
    os.chmod(new, 0o755)  # noqa: S103  (a sandbox reads it as another user)
    try:
        os.rename(new, place)
    except OSError:
        if not place.exists():
            raise


def _digest_of_directory(directory: Path) -> str:
    total = hashlib.sha256()
    base = directory.resolve()
    for folder, names, files in os.walk(directory):
        names.sort()
        for name in sorted(files + [n for n in names if (Path(folder) / n).is_symlink()]):
            path = Path(folder) / name
            relative = path.relative_to(directory).as_posix()
            total.update(relative.encode("utf-8", "surrogateescape") + b"\0")
            if path.is_symlink():
                if not path.resolve().is_relative_to(base):
                    raise CodeInvalid(f"{relative!r} is a link that leaves the tree.")
                total.update(b"->" + os.readlink(path).encode())
            else:
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
