"""The filter's answers, on both architectures, by running its program."""

import errno
import struct

import pytest

from runner.errors import SandboxFailed
from runner.sandboxes import seccomp

X86, ARM = "x86_64", "aarch64"
WRITE = {X86: 1, ARM: 64}
CLONE = {X86: 56, ARM: 220}
SOCKET = {X86: 41, ARM: 198}
IOCTL = {X86: 16, ARM: 29}
MOUNT = {X86: 165, ARM: 40}
PTRACE = {X86: 101, ARM: 117}
CLONE3 = 435
IO_URING_SETUP = 425


def answer(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """Run the filter as the kernel would; its return value."""
    program = seccomp.program(machine)
    code = [struct.unpack_from("HBBI", program, place) for place in range(0, len(program), 8)]
    arguments += (0,) * (6 - len(arguments))
    audit = seccomp.MACHINES[machine].audit if audit is None else audit
    data = struct.pack("<IIQ6Q", number, audit, 0, *arguments)
    place, value = 0, 0
    while True:
        kind, then, otherwise, constant = code[place]
        place += 1
        if kind == 0x20:
            (value,) = struct.unpack_from("<I", data, constant)
        elif kind == 0x54:
            value &= constant
        elif kind == 0x06:
            return constant
        else:
            jumps = {
                0x15: value == constant,
                0x35: value >= constant,
                0x45: bool(value & constant),
            }
            place += then if jumps[kind] else otherwise


def error(number: int) -> int:
    return seccomp.ERROR | number


BOTH = pytest.mark.parametrize("machine", [X86, ARM])


@BOTH
def test_ordinary_calls_are_allowed(machine: str) -> None:
    assert answer(machine, WRITE[machine]) == seccomp.ALLOW


@BOTH
def test_calls_for_administrators_are_denied(machine: str) -> None:
    for number in (MOUNT[machine], PTRACE[machine], 428, 442):
        assert answer(machine, number) == error(errno.EPERM)


@BOTH
def test_every_denied_call_is_denied(machine: str) -> None:
    column = seccomp.MACHINES[machine].column
    for name, numbers in seccomp.DENIED.items():
        if numbers[column] is not None:
            assert answer(machine, numbers[column]) == error(errno.EPERM), name


@BOTH
def test_new_calls_seem_not_to_exist(machine: str) -> None:
    for number in (CLONE3, IO_URING_SETUP):
        assert answer(machine, number) == error(errno.ENOSYS)


@BOTH
def test_processes_and_threads_may_be_made_but_no_namespaces(machine: str) -> None:
    assert answer(machine, CLONE[machine], 17) == seccomp.ALLOW
    assert answer(machine, CLONE[machine], 0x3D0F00) == seccomp.ALLOW  # a thread of glibc
    for flag in (0x20000, 0x10000000, 0x40000000, 0x2000000):
        assert answer(machine, CLONE[machine], 17 | flag) == error(errno.EPERM)


@BOTH
def test_ordinary_sockets_are_allowed(machine: str) -> None:
    for family in (1, 2, 10):
        for kind in (1, 2, 1 | 0o2000000 | 0o4000):  # with SOCK_CLOEXEC and SOCK_NONBLOCK
            assert answer(machine, SOCKET[machine], family, kind) == seccomp.ALLOW
    assert answer(machine, SOCKET[machine], 16, 3, 0) == seccomp.ALLOW  # getaddrinfo asks routes


@BOTH
def test_raw_and_rare_sockets_are_refused(machine: str) -> None:
    assert answer(machine, SOCKET[machine], 2, 3) == error(errno.EPERM)
    assert answer(machine, SOCKET[machine], 2, 3 | 0o2000000) == error(errno.EPERM)
    for family in (17, 38, 40, 31, 29):  # packet, alg, vsock, bluetooth, can
        assert answer(machine, SOCKET[machine], family, 1) == error(errno.EAFNOSUPPORT)
    assert answer(machine, SOCKET[machine], 16, 3, 12) == error(errno.EAFNOSUPPORT)  # netfilter


@BOTH
def test_nothing_is_typed_into_a_terminal(machine: str) -> None:
    assert answer(machine, IOCTL[machine], 0, 0x5412) == error(errno.EPERM)
    assert answer(machine, IOCTL[machine], 0, 0x541B) == seccomp.ALLOW  # FIONREAD


@BOTH
def test_a_call_of_another_architecture_kills(machine: str) -> None:
    assert answer(machine, WRITE[machine], audit=0x40000003) == seccomp.KILL


def test_the_second_door_of_x86_is_shut() -> None:
    assert answer(X86, 0x40000000 + MOUNT[X86]) == error(errno.ENOSYS)


def test_an_unknown_architecture_is_refused_in_words() -> None:
    with pytest.raises(SandboxFailed, match="not on riscv64"):
        seccomp.program("riscv64")
