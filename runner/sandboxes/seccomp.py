"""The system calls a sandbox may not make, as a filter program for the kernel.

Assembled here because libseccomp has no Python wheel and a list of denials
needs little: compare the call's number, look into the arguments of four. What
is denied answers with an error that programs expect, so that they go on.
"""

import errno
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.errors import SandboxFailed
from runner.sandboxes.nest import syscalls


@dataclass(frozen=True, slots=True)
class Machine:
    """What differs between architectures: the audit number, and four calls' numbers."""

    audit: int
    column: int
    socket: int
    clone: int
    ioctl: int
    other_abi: int | None = None


MACHINES: Mapping[str, Machine] = {
    # From this number on x86-64 has the x32 calls, the same kernel by another door.
    "x86_64": Machine(0xC000003E, 0, socket=41, clone=56, ioctl=16, other_abi=0x40000000),
    "aarch64": Machine(0xC00000B7, 1, socket=198, clone=220, ioctl=29),
}

# Numbers on x86-64 and on aarch64; None where the call does not exist.
DENIED: Mapping[str, tuple[int | None, int | None]] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "create_module": (174, None),
    "get_kernel_syms": (177, None),
    "query_module": (178, None),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "ustat": (136, None),
    "sysfs": (139, None),
    "_sysctl": (156, None),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "get_mempolicy": (239, 236),
    "set_mempolicy_home_node": (450, 450),
}

# As if the kernel were older: C libraries and Node then do without.
UNKNOWN: Mapping[str, tuple[int | None, int | None]] = {
    "clone3": (435, 435),  # its flags are in memory, where a filter cannot look
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}

NAMESPACES = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWCGROUP
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
)
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
NETLINK_ROUTE = 0  # getaddrinfo asks it which addresses there are
SOCK_RAW = 3
SOCK_TYPE_MASK = 0xF
TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: typing into the terminal outside

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _AUDIT, _ARGUMENTS = 0, 4, 16
ALLOW = 0x7FFF0000
KILL = 0x80000000
ERROR = 0x00050000


@dataclass(slots=True)
class _Assembler:
    """Instructions whose jumps name a label; None goes on to the next."""

    code: list[tuple[int, int, str | None, str | None]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)

    def load(self, offset: int) -> None:
        self.code.append((_LOAD, offset, None, None))

    def mask(self, value: int) -> None:
        self.code.append((_AND, value, None, None))

    def jump(
        self, kind: int, value: int, then: str | None = None, otherwise: str | None = None
    ) -> None:
        self.code.append((kind, value, then, otherwise))

    def answer(self, label: str, value: int) -> None:
        self.label(label)
        self.code.append((_RETURN, value, None, None))

    def label(self, name: str) -> None:
        self.labels[name] = len(self.code)

    def program(self) -> bytes:
        def distance(place: int, label: str | None) -> int:
            return 0 if label is None else self.labels[label] - place - 1

        return b"".join(
            struct.pack("HBBI", kind, distance(place, then), distance(place, otherwise), value)
            for place, (kind, value, then, otherwise) in enumerate(self.code)
        )


def program(machine: str = "") -> bytes:
    """The filter for an architecture (this one's by default). Raises SandboxFailed for others."""
    machine = machine or platform.machine()
    if machine not in MACHINES:
        raise SandboxFailed(f"Sandboxes run on {' and '.join(MACHINES)}, not on {machine}.")
    this = MACHINES[machine]
    filter_ = _Assembler()
    filter_.load(_AUDIT)
    filter_.jump(_JUMP_EQUAL, this.audit, None, "kill")
    filter_.load(_NUMBER)
    if this.other_abi is not None:
        filter_.jump(_JUMP_AT_LEAST, this.other_abi, "unknown")
    filter_.jump(_JUMP_EQUAL, this.socket, "socket")
    filter_.jump(_JUMP_EQUAL, this.clone, "clone")
    filter_.jump(_JUMP_EQUAL, this.ioctl, "ioctl")
    for table, label in ((UNKNOWN, "unknown"), (DENIED, "denied")):
        for numbers in table.values():
            number = numbers[this.column]
            if number is not None:
                filter_.jump(_JUMP_EQUAL, number, label)
    filter_.answer("allow", ALLOW)
    _look_into_arguments(filter_)
    filter_.answer("denied", ERROR | errno.EPERM)
    filter_.answer("unknown", ERROR | errno.ENOSYS)
    filter_.answer("no family", ERROR | errno.EAFNOSUPPORT)
    filter_.answer("kill", KILL)
    return filter_.program()


def _look_into_arguments(filter_: _Assembler) -> None:
    filter_.label("clone")
    filter_.load(_argument(0))
    filter_.jump(_JUMP_SET, NAMESPACES, "denied")
    filter_.answer("clone is allowed", ALLOW)

    filter_.label("ioctl")
    filter_.load(_argument(1))
    for request in TERMINAL_INJECTION:
        filter_.jump(_JUMP_EQUAL, request, "denied")
    filter_.answer("ioctl is allowed", ALLOW)

    filter_.label("socket")
    filter_.load(_argument(0))
    filter_.jump(_JUMP_EQUAL, AF_NETLINK, "netlink")
    for family in (AF_UNIX, AF_INET, AF_INET6):
        filter_.jump(_JUMP_EQUAL, family, "type")
    filter_.answer("another family", ERROR | errno.EAFNOSUPPORT)
    filter_.label("type")
    filter_.load(_argument(1))
    filter_.mask(SOCK_TYPE_MASK)
    filter_.jump(_JUMP_EQUAL, SOCK_RAW, "denied")
    filter_.answer("socket is allowed", ALLOW)
    filter_.label("netlink")
    filter_.load(_argument(2))
    filter_.jump(_JUMP_EQUAL, NETLINK_ROUTE, None, "no family")
    filter_.answer("route is allowed", ALLOW)


def _argument(index: int) -> int:
    """Where the low half of an argument stands: both architectures are little-endian."""
    return _ARGUMENTS + 8 * index
