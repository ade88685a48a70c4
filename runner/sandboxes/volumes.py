"""A function's /tmp: a volume of the size asked for, kept apart from its sandbox.

As root each volume is a sparse ext4 file mounted over a loop device: full
means ENOSPC, and what is written counts against the disk and not against the
function's memory. Elsewhere it is a plain directory, whose size the backend
has to watch. A volume outlives its sandbox, so that /tmp survives into a
successor; whoever took it removes it.
"""

import fcntl
import os
import secrets
import shutil
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner.errors import SandboxFailed
from runner.sandboxes.base import GROUP_ID, USER_ID
from runner.sandboxes.nest import syscalls

_CONTROL = "/dev/loop-control"
_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_SET_FD = 0x4C00
_LOOP_CLR_FD = 0x4C01
_ATTEMPTS = 50
FULL_BYTES = 1 << 20
"""With less than this left a volume counts as full: what does not fit is rarely smaller."""
LEFT_MOST = 32
LEFT_MB = 16_384
"""What volumes may hold together that wait for a successor: one of the largest and some more."""
MOUNT_FLAGS = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOATIME


@dataclass(frozen=True, slots=True)
class Volume:
    """One /tmp: `path` is a directory that the sandbox's user may write to.

    `bounded` says whether the file system itself holds it to `size_mb`.
    """

    path: Path
    size_mb: int
    bounded: bool


class Volumes:
    """The volumes of one node, in a folder of the installation's RUN_DIR."""

    def __init__(self, run_dir: Path) -> None:
        self._root = run_dir / "volumes"
        self._lock = threading.Lock()
        self._taken: set[Path] = set()
        self._mountable: bool | None = None

    def take(self, size_mb: int) -> Volume:
        """An empty volume. Raises SandboxFailed."""
        path = self._root / secrets.token_hex(8)
        with self._lock:
            self._taken.add(path)
        try:
            path.mkdir(parents=True, mode=0o700)
            bounded = self._can_mount()
            if bounded:
                self._mount(path, size_mb)
            elif os.geteuid() == 0:
                os.chown(path, USER_ID, GROUP_ID)
        except (OSError, subprocess.CalledProcessError) as error:
            self._discard(path)
            raise SandboxFailed("A /tmp could not be made.", detail=str(error)) from error
        if not bounded:
            _size_file(path).write_text(str(size_mb))
        return Volume(path, size_mb, bounded)

    def remove(self, volume: Volume) -> None:
        """Unmount and delete; fine when it is gone. Raises SandboxFailed."""
        self._discard(volume.path)
        with self._lock:
            self._taken.discard(volume.path)

    def sweep(self) -> int:
        """Remove every volume that this process did not make; how many."""
        if not self._root.is_dir():
            return 0
        left = [path for path in self._root.iterdir() if path.is_dir() and path not in self._taken]
        for path in left:
            self._discard(path)
        return len(left)

    def close(self) -> None:
        """Remove all that are left."""
        for path in list(self._taken):
            self._discard(path)
        with self._lock:
            self._taken.clear()
        for template in self._root.glob("template-*.img"):
            template.unlink(missing_ok=True)

    # -- how they are made

    def _can_mount(self) -> bool:
        if self._mountable is None:
            self._mountable = (
                os.geteuid() == 0
                and os.access(_CONTROL, os.R_OK | os.W_OK)
                and shutil.which("mkfs.ext4", path=_SYSTEM_PATH) is not None
            )
        return self._mountable

    def _mount(self, path: Path, size_mb: int) -> None:
        image = path.with_suffix(".img")
        template = self._template(size_mb)
        with template.open("rb") as source, image.open("wb") as target:
            _copy_sparse(source.fileno(), target.fileno())
        file = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        try:
            device, loop = _attach(file)
        finally:
            os.close(file)
        try:
            syscalls.mount(device, str(path), "ext4", MOUNT_FLAGS)
        finally:
            # Cleared while mounted, the device frees itself at the unmount.
            fcntl.ioctl(loop, _LOOP_CLR_FD)
            os.close(loop)
        (path / "lost+found").rmdir()
        with suppress(OSError):  # 2 % held back for the file system itself, which needs none here
            Path(f"/sys/fs/ext4/{Path(device).name}/reserved_clusters").write_text("0")
        image.unlink()  # the mount holds it: nothing is left even if this process is killed

    def _template(self, size_mb: int) -> Path:
        template = self._root / f"template-{size_mb}.img"
        with self._lock:
            if not template.exists():
                _format(template, size_mb)
        return template

    @staticmethod
    def _discard(path: Path) -> None:
        with suppress(OSError):  # not mounted, or gone
            syscalls.unmount(str(path))
        path.with_suffix(".img").unlink(missing_ok=True)
        _size_file(path).unlink(missing_ok=True)
        if path.is_dir():
            _delete(path)


class LeftVolumes:
    """Volumes of ended sandboxes, each waiting for a successor of its kind. Not for threads.

    A function that crashes again and again would fill the disk with them: only
    the youngest are kept, so many and so large together.
    """

    def __init__(self, *, most: int = LEFT_MOST, most_mb: int = LEFT_MB) -> None:
        self._most = most
        self._most_mb = most_mb
        self._left: list[tuple[float, str, Volume]] = []

    def add(self, kind: str, volume: Volume, *, at: float) -> list[Volume]:
        """Keep it; the volumes that are to be removed for it."""
        self._left.append((at, kind, volume))
        gone = []
        while len(self._left) > self._most or self._size_mb() > self._most_mb:
            gone.append(self._left.pop(0)[2])
        return gone

    def take(self, kind: str) -> Volume | None:
        """The youngest of a kind, no longer kept here."""
        for position in range(len(self._left) - 1, -1, -1):
            if self._left[position][1] == kind:
                return self._left.pop(position)[2]
        return None

    def take_older(self, than: float) -> list[Volume]:
        """Those that have waited since before that moment, no longer kept here."""
        old = [volume for at, _, volume in self._left if at < than]
        self._left = [one for one in self._left if one[0] >= than]
        return old

    def _size_mb(self) -> int:
        return sum(volume.size_mb for _, _, volume in self._left)


_SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def watched_size_mb(path: Path) -> int:
    """The size that a volume which is only a directory must be watched for; 0 for any other."""
    try:
        return int(_size_file(path).read_text())
    except (OSError, ValueError):
        return 0


def is_full(path: Path) -> bool:
    """Whether a volume has no room left. A plain directory's disk says nothing of the function."""
    try:
        if not os.path.ismount(path):
            return False
        state = os.statvfs(path)
    except OSError:
        return False
    return state.f_bavail * state.f_frsize < FULL_BYTES or state.f_favail == 0


def _size_file(path: Path) -> Path:
    return path.with_suffix(".size")


def _format(template: Path, size_mb: int) -> None:
    """An empty file system, made once a size: copying its few blocks beats making one anew."""
    new = template.with_suffix(".new")
    with new.open("wb") as file:
        file.truncate(size_mb << 20)
    options = f"lazy_itable_init=1,nodiscard,root_owner={USER_ID}:{GROUP_ID}"
    command = ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-m", "0", "-E", options, str(new)]
    subprocess.run(command, check=True, capture_output=True, env={"PATH": _SYSTEM_PATH})
    os.rename(new, template)


def _copy_sparse(source: int, target: int) -> None:
    size = os.fstat(source).st_size
    os.ftruncate(target, size)
    position = 0
    while position < size:
        try:
            start = os.lseek(source, position, os.SEEK_DATA)
        except OSError:
            return  # ENXIO: a hole up to the end
        position = os.lseek(source, start, os.SEEK_HOLE)
        os.lseek(target, start, os.SEEK_SET)
        while start < position:
            start += os.sendfile(target, source, start, position - start)


def _attach(file: int) -> tuple[str, int]:
    """A free loop device with the file behind it; others may race for the same one."""
    for _ in range(_ATTEMPTS):
        control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
        try:
            device = f"/dev/loop{fcntl.ioctl(control, _LOOP_CTL_GET_FREE)}"
        finally:
            os.close(control)
        loop = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(loop, _LOOP_SET_FD, file)
        except OSError:
            os.close(loop)
            continue
        return device, loop
    raise OSError(f"no loop device is free after {_ATTEMPTS} attempts")


def _delete(path: Path) -> None:
    """Remove a tree of any depth: a function may have nested folders past Python's recursion."""
    command = ["rm", "-rf", "--one-file-system", "--", str(path)]
    subprocess.run(command, check=False, capture_output=True, env={"PATH": _SYSTEM_PATH})
    if path.exists():
        raise SandboxFailed("A /tmp could not be removed.", detail=str(path))
