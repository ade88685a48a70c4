"""Attacks on the node's disk and on files that are not the function's."""

import pytest

from runner.spec import Limit
from tests.sandboxes import Rig

FILL = (
    "import errno, os\n"
    "def handler(event, context):\n"
    "    written = 0\n"
    "    try:\n"
    "        with open(event, 'wb') as file:\n"
    "            while written < 2 << 30:\n"
    "                file.write(b'x' * (1 << 20))\n                written += 1 << 20\n"
    "    except OSError as error:\n"
    "        return [errno.errorcode[error.errno], written >> 20]\n"
    "    return ['', written >> 20]\n"
)


def test_tmp_is_full_at_its_size_and_does_not_count_as_memory(isolating_rig: Rig) -> None:
    function = isolating_rig.start(FILL, memory_mb=128, volume=isolating_rig.volume(200))
    error, written = function.result("/tmp/filling")
    assert error == "ENOSPC"
    assert 150 < written <= 200
    assert function.sandbox.usage().limit is Limit.TMP


def test_shared_memory_is_small(isolating_rig: Rig) -> None:
    function = isolating_rig.start(FILL, memory_mb=256)
    error, written = function.result("/dev/shm/filling")
    assert error in ("ENOSPC", "ENOENT", "EACCES", "EROFS")
    assert written <= 64


@pytest.mark.parametrize("place", ["/var/task/x", "/usr/x", "/etc/x", "/dev/x", "/x", "/proc/x"])
def test_no_other_place_can_be_written_to(isolating_rig: Rig, place: str) -> None:
    function = isolating_rig.start(FILL)
    error, written = function.result(place)
    assert error in ("EROFS", "EACCES", "ENOENT", "EPERM")
    assert written == 0


def test_a_sparse_giant_file_takes_no_room_and_is_gone_with_its_volume(isolating_rig: Rig) -> None:
    volume = isolating_rig.volume(64)
    function = isolating_rig.start(
        "import os\n"
        "def handler(event, context):\n"
        "    with open('/tmp/giant', 'wb') as file:\n"
        "        try:\n            file.truncate(1 << 40)\n"
        "        except OSError:\n            pass\n"
        "        file.seek(1 << 30)\n        file.write(b'end')\n"
        "    return os.stat('/tmp/giant').st_blocks * 512\n",
        volume=volume,
    )
    assert function.result() < 1 << 20
    function.sandbox.stop()
    isolating_rig.volumes.remove(volume)
    assert not volume.path.exists()


def test_folders_a_thousand_deep_are_removed_with_their_volume(isolating_rig: Rig) -> None:
    volume = isolating_rig.volume(64)
    function = isolating_rig.start(
        "import os\n"
        "def handler(event, context):\n"
        "    os.chdir('/tmp')\n"
        "    for _ in range(1000):\n"
        "        os.mkdir('deep' * 10)\n        os.chdir('deep' * 10)\n"
        "    open('bottom', 'w').close()\n    os.chdir('/')\n",
        volume=volume,
    )
    function.result()
    function.sandbox.stop()
    isolating_rig.volumes.remove(volume)
    assert not volume.path.exists()


def test_a_link_in_tmp_leads_to_the_sandboxs_own_files(isolating_rig: Rig) -> None:
    volume = isolating_rig.volume(64)
    first = isolating_rig.start(
        "import os\n"
        "def handler(event, context):\n"
        "    os.symlink('/etc/shadow', '/tmp/link')\n    os.symlink('/', '/tmp/root')\n",
        volume=volume,
    )
    first.result()
    first.sandbox.stop()
    second = isolating_rig.start(
        "import os\n"
        "def handler(event, context):\n"
        "    return [os.path.exists('/tmp/link'), sorted(os.listdir('/tmp/root/var'))]\n",
        volume=volume,
    )
    exists, seen = second.result()
    assert "task" in seen
    if exists:  # an image may have a shadow file of its own: then it is not readable
        third = isolating_rig.start(FILL.replace("'wb'", "'rb'"), volume=volume)
        assert third.result("/tmp/link")[0] == "EACCES"


def test_devices_can_neither_be_made_nor_used_from_tmp(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "import os, stat\n"
        "def handler(event, context):\n"
        "    try:\n        os.mknod('/tmp/disk', stat.S_IFBLK | 0o666, os.makedev(8, 0))\n"
        "    except OSError as error:\n        return error.errno\n"
    )
    assert function.result() == 1
