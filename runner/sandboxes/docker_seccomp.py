"""The filter of `seccomp` in the words of the engine: one list of denials for every backend.

The engine's own default leaves ptrace and sockets to the hypervisor open; a
profile replaces it whole. The engine adds the architecture's other calling
conventions to what is killed.
"""

import errno
import json
import platform
from collections.abc import Iterable

from runner.sandboxes import seccomp
from runner.sandboxes.nest import syscalls

_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_NAMESPACES = (
    syscalls.CLONE_NEWNS,
    syscalls.CLONE_NEWCGROUP,
    syscalls.CLONE_NEWUTS,
    syscalls.CLONE_NEWIPC,
    syscalls.CLONE_NEWUSER,
    syscalls.CLONE_NEWPID,
    syscalls.CLONE_NEWNET,
)
_FAMILIES = (seccomp.AF_UNIX, seccomp.AF_INET, seccomp.AF_INET6)
_KNOWN = (*_FAMILIES, seccomp.AF_NETLINK)


def profile() -> str:
    """The JSON that the security option `seccomp=` takes."""
    rules = [
        _rule(seccomp.DENIED, errno.EPERM),
        _rule(seccomp.UNKNOWN, errno.ENOSYS),
        *(_rule(["clone"], errno.EPERM, _bits(0, flag, flag)) for flag in _NAMESPACES),
        *(
            _rule(["ioctl"], errno.EPERM, _bits(1, 0xFFFFFFFF, request))
            for request in seccomp.TERMINAL_INJECTION
        ),
        *_sockets(),
    ]
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ALLOW",
            "architectures": [_ARCHITECTURES[platform.machine()]],
            "syscalls": rules,
        }
    )


def _sockets() -> Iterable[dict[str, object]]:
    last = max(_KNOWN)
    yield _rule(["socket"], errno.EAFNOSUPPORT, _compare(0, "SCMP_CMP_GT", last))
    for family in set(range(last)) - set(_KNOWN):
        yield _rule(["socket"], errno.EAFNOSUPPORT, _compare(0, "SCMP_CMP_EQ", family))
    for family in _FAMILIES:
        raw = _bits(1, seccomp.SOCK_TYPE_MASK, seccomp.SOCK_RAW)
        yield _rule(["socket"], errno.EPERM, _compare(0, "SCMP_CMP_EQ", family), raw)
    other = _compare(2, "SCMP_CMP_NE", seccomp.NETLINK_ROUTE)
    netlink = _compare(0, "SCMP_CMP_EQ", seccomp.AF_NETLINK)
    yield _rule(["socket"], errno.EAFNOSUPPORT, netlink, other)


def _rule(names: Iterable[str], error: int, *arguments: dict[str, object]) -> dict[str, object]:
    return {
        "names": list(names),
        "action": "SCMP_ACT_ERRNO",
        "errnoRet": error,
        "args": list(arguments),
    }


def _compare(index: int, how: str, value: int) -> dict[str, object]:
    return {"index": index, "value": value, "valueTwo": 0, "op": how}


def _bits(index: int, mask: int, value: int) -> dict[str, object]:
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
