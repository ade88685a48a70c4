"""Zips that mean harm, given to the form that creates a function."""

import io
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from console.functions.models import Function
from editor.models import Workspace

CREATE = "/111122223333/functions/create/"


def zipped(files: dict[str, bytes], mode: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("lambda_function.py"))
    return buffer.getvalue()


def bomb(*, lying: bool) -> bytes:
    """300 MB in 300 KB; one that lies says that they are ten bytes."""
    data = bytearray(zipped({"bomb": b"\0" * 300_000_000}))
    if lying:
        place = data.rfind(b"PK\x01\x02")
        data[place + 24 : place + 28] = struct.pack("<I", 10)
    return bytes(data)


HOSTILE = {
    "climbing": (lambda: zipped({"a.py": b"1", "../evil.py": b"x"}), "relative"),
    "absolute": (lambda: zipped({"/etc/passwd": b"x"}), "relative"),
    "symlink": (lambda: zipped({"link": b"/etc/passwd"}, stat.S_IFLNK | 0o777), "link or device"),
    "65,536 entries": (lambda: zipped({f"f{n}": b"" for n in range(65_536)}), "65,536 entries"),
    "bomb": (lambda: bomb(lying=False), "over 250 MB"),
    "lying bomb": (lambda: bomb(lying=True), "damaged"),
    "truncated": (lambda: zipped({"a.py": b"x" * 9_000})[:-30], "cut short"),
    "tar": (tar, "not a zip"),
}


def upload(visitor, data: bytes):
    archive = SimpleUploadedFile("function.zip", data, "application/zip")
    fields = {"way": "zip", "name": "rain", "runtime": "python3.11", "archive": archive}
    return visitor.post(CREATE, fields)


def stored() -> set[Path]:
    return {place for place in Path(settings.CODE_STORE).rglob("*") if place.is_file()}


@pytest.mark.parametrize(("make", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_zip_is_refused_at_its_field_and_leaves_nothing(
    visitor, living_runner, make, words
) -> None:
    before = stored()
    answer = upload(visitor, make())
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Function.objects.exists()
    assert not Workspace.objects.exists()
    assert stored() == before


def test_an_honest_zip_works_after_a_hostile_one(visitor, living_runner) -> None:
    assert upload(visitor, tar()).status_code == 400
    assert upload(visitor, zipped({"lambda_function.py": b"x = 1\n"})).status_code == 302
    assert Function.objects.get().draft.files.get().path == "lambda_function.py"
