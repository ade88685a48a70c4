"""The code store keeps what it is given and refuses what could do harm."""

import io
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from runner.code import MAX_FILES, CodeStore, Entry, clean_path, entries_of_zip
from runner.errors import CodeInvalid


@pytest.fixture
def store(tmp_path: Path) -> CodeStore:
    return CodeStore(tmp_path / "code")


def zip_of(files: dict[str, bytes], mode: int = stat.S_IFREG | 0o644) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def test_a_zip_comes_back_as_it_was_put(store: CodeStore) -> None:
    digest = store.put_zip(zip_of({"app.py": b"x = 1\n", "lib/deep/a.py": b""}))
    with zipfile.ZipFile(io.BytesIO(store.to_zip(digest))) as archive:
        assert {n: archive.read(n) for n in archive.namelist()} == {
            "app.py": b"x = 1\n",
            "lib/deep/a.py": b"",
        }


def test_the_same_files_have_the_same_digest(store: CodeStore) -> None:
    one = store.put_zip(zip_of({"a": b"1", "b": b"2"}))
    two = store.put_zip(zip_of({"b": b"2", "a": b"1"}))
    assert one == two


def test_a_checkout_is_made_once_and_cannot_be_written(store: CodeStore) -> None:
    digest = store.put_zip(zip_of({"app.py": b"x", "run.sh": b"y"}))
    place = store.checkout(digest)
    assert place == store.checkout(digest)
    assert (place / "app.py").stat().st_mode & 0o777 == 0o444


def test_an_executable_stays_one_and_does_not_make_its_twin_one(store: CodeStore) -> None:
    blob = store.put_blob(b"#!/bin/sh\n")
    digest = store.put_tree({"run": Entry(blob, 10, True), "text": Entry(blob, 10)})
    place = store.checkout(digest)
    assert os.access(place / "run", os.X_OK)
    assert (place / "text").stat().st_mode & 0o111 == 0


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/passwd", "a/../../b", "a//b", "./a", "a\\b", "a\0b", "", "x" * 2000, "é" * 200],
)
def test_a_path_that_could_leave_the_tree_is_refused(path: str) -> None:
    with pytest.raises(CodeInvalid):
        clean_path(path)


@pytest.mark.parametrize("path", ["../evil", "/abs", "a/../../b"])
def test_a_zip_with_a_path_outside_is_refused(store: CodeStore, path: str) -> None:
    with pytest.raises(CodeInvalid, match="relative"):
        store.put_zip(zip_of({path: b"x"}))


def test_a_symlink_in_a_zip_is_refused(store: CodeStore) -> None:
    with pytest.raises(CodeInvalid, match="link"):
        store.put_zip(zip_of({"link": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777))


@pytest.mark.parametrize("last", ["../evil", "a.py/inside"])
def test_nothing_is_kept_of_a_zip_that_is_refused_at_its_last_entry(
    store: CodeStore, last: str
) -> None:
    with pytest.raises(CodeInvalid):
        store.put_zip(zip_of({"a.py": b"large", last: b"x"}))
    assert not [place for place in store.root.rglob("*") if place.is_file()]


def test_a_renamed_tar_is_refused(store: CodeStore) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    with pytest.raises(CodeInvalid, match="not a zip"):
        store.put_zip(buffer.getvalue())


def test_every_truncation_of_a_zip_is_refused_clearly(store: CodeStore) -> None:
    whole = zip_of({"a.py": b"x" * 5000, "b.py": os.urandom(2000)})
    for length in range(0, len(whole) - 1, 97):
        with pytest.raises(CodeInvalid):
            store.put_zip(whole[:length])


def test_too_many_entries_are_refused_before_any_is_read() -> None:
    data = zip_of({f"f{i}": b"" for i in range(MAX_FILES + 1)})
    with pytest.raises(CodeInvalid, match="entries"):
        next(entries_of_zip(data))


def test_a_bomb_is_counted_while_read_and_not_believed(store: CodeStore) -> None:
    data = bytearray(zip_of({"bomb": b"\0" * 300_000_000}))
    assert len(data) < 1_000_000
    with pytest.raises(CodeInvalid, match="250 MB"):
        store.put_zip(bytes(data))
    # the same with a central directory that lies about the size
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 10)
    with pytest.raises(CodeInvalid):
        store.put_zip(bytes(data))


def test_a_file_that_is_a_folder_too_is_refused(store: CodeStore) -> None:
    with pytest.raises(CodeInvalid, match="both a file and a folder"):
        store.put_zip(zip_of({"a": b"", "a/b": b""}))


def test_a_built_directory_is_adopted_once_and_links_out_are_refused(
    store: CodeStore, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "pkg").mkdir(parents=True)
        (tmp_path / name / "pkg" / "a.py").write_text("1")
        (tmp_path / name / "pkg" / "b.py").symlink_to("a.py")
    assert store.adopt_directory(tmp_path / "one") == store.adopt_directory(tmp_path / "two")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "out").symlink_to("/etc/passwd")
    with pytest.raises(CodeInvalid, match="leaves the tree"):
        store.adopt_directory(tmp_path / "bad")
