"""The Linux calls that isolation needs and Python's standard library lacks.

Thin: one function a call, OSError on failure. Numbers are the same on every
64-bit architecture from call 424 on; the older ones stand in `_OLD`.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct
from typing import Any

CLONE_FS = 0x200
CLONE_NEWNS = 0x20000
CLONE_NEWCGROUP = 0x2000000
CLONE_NEWUTS = 0x4000000
CLONE_NEWIPC = 0x8000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_NOATIME = 1 << 10
MS_REC = 1 << 14
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

ATTR_RDONLY = 1
ATTR_NOSUID = 2
ATTR_NODEV = 4
ATTR_IDMAP = 0x100000

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
LAST_CAPABILITY = 63  # dropping one that the kernel does not know is refused, and harmless

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_OPEN_TREE_CLONE = 1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 4
_OPEN_TREE = 428
_MOVE_MOUNT = 429
_MOUNT_SETATTR = 442
_OLD = {
    "x86_64": {"clone": 56, "capset": 126},
    "aarch64": {"clone": 220, "capset": 91},
}
_SIGCHLD = 17
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522

# PyDLL keeps the interpreter lock: none of these calls blocks, and clone must not let go of it.
_libc = ctypes.PyDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def _old(name: str) -> int:
    machine = platform.machine()
    if machine not in _OLD:
        raise OSError(0, f"sandboxes run on {' and '.join(_OLD)}, not on {machine}")
    return _OLD[machine][name]


def _long(value: int) -> Any:
    return ctypes.c_ulong(value)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    _checked(
        _libc.mount(
            source.encode(), target.encode(), kind.encode(), _long(flags), options.encode() or None
        ),
        f"mount {target}",
    )


def unmount(target: str) -> None:
    """umount2(2), detached: the mount and all below it leave this namespace at once."""
    _checked(_libc.umount2(target.encode(), MNT_DETACH), f"unmount {target}")


def open_tree(path: str) -> int:
    """A detached copy of the mount at `path`, as a descriptor to attach anywhere."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC
    return _checked(
        _libc.syscall(_long(_OPEN_TREE), _AT_FDCWD, path.encode(), flags), f"open_tree {path}"
    )


def set_attributes(tree: int, attributes: int, *, user_namespace: int = -1) -> None:
    """Give a detached mount its attributes; with ATTR_IDMAP, `user_namespace` says the mapping."""
    wanted = struct.pack("QQQQ", attributes, 0, 0, max(user_namespace, 0))
    _checked(
        _libc.syscall(_long(_MOUNT_SETATTR), tree, b"", _AT_EMPTY_PATH, wanted, _long(len(wanted))),
        "mount_setattr",
    )


def attach_tree(tree: int, target: str) -> None:
    """Mount a detached tree at `target` of the calling process's namespace."""
    _checked(
        _libc.syscall(
            _long(_MOVE_MOUNT), tree, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH
        ),
        f"move_mount {target}",
    )


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """setns(2): this thread enters the namespace; `kind` is its CLONE_NEW* flag."""
    _checked(_libc.setns(descriptor, kind), "setns")


def clone(flags: int) -> int:
    """fork(2) into new namespaces: 0 in the child. Only for a process of one thread."""
    number = _old("clone")
    hooks = ctypes.pythonapi
    hooks.PyOS_BeforeFork()
    result = _libc.syscall(_long(number), _long(flags | _SIGCHLD), None, None, None, None)
    if result == 0:
        hooks.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    hooks.PyOS_AfterFork_Parent()
    if result < 0:
        raise OSError(number, os.strerror(number), "clone")
    return int(result)


def prctl(option: int, value: int = 0, third: int = 0) -> None:
    """prctl(2)."""
    _checked(_libc.prctl(option, _long(value), _long(third), _long(0), _long(0)), f"prctl {option}")


def set_hostname(name: str) -> None:
    """sethostname(2)."""
    socket.sethostname(name)


def bring_loopback_up() -> None:
    """Bring `lo` of this network namespace up; it has 127.0.0.1 from then on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING)
        fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def drop_capabilities() -> None:
    """Give up every capability for good: bounding and ambient sets too."""
    for capability in range(LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # past the last one that this kernel knows
    prctl(PR_CAP_AMBIENT, 4)  # PR_CAP_AMBIENT_CLEAR_ALL
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.syscall(_long(_old("capset")), header, struct.pack("6I", *[0] * 6)), "capset")


def install_filter(program: bytes) -> None:
    """Install a seccomp filter (assembled by `seccomp`) for this process and its children."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    buffer = ctypes.create_string_buffer(program, len(program))
    wanted = Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    result = _libc.prctl(
        PR_SET_SECCOMP, _long(_SECCOMP_MODE_FILTER), ctypes.byref(wanted), _long(0), _long(0)
    )
    _checked(result, "seccomp")
