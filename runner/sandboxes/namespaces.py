"""Acting inside a running sandbox's namespaces from this process, as root.

A thread of its own enters and ends there: the runner's other threads stay
where they are. Needs root; a kernel from 5.12 on for `bind_into`.
"""

import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from runner.errors import SandboxFailed
from runner.sandboxes.nest import syscalls

READ_ONLY = syscalls.ATTR_RDONLY | syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV
WRITABLE = syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Bind:
    """A directory of this node and where a sandbox sees it."""

    source: Path
    target: str
    writable: bool = False


def bind_into(pid: int, binds: Sequence[Bind]) -> None:
    """Mount directories in the mount namespace of `pid`, whose mount points exist there.

    Read-only is set before the mount is attached, so that no writable copy
    is ever visible inside. Raises SandboxFailed.
    """
    with ExitStack() as stack:
        try:
            trees = [_detached(stack, bind) for bind in binds]
        except OSError as error:
            raise SandboxFailed("The code could not be mounted.", detail=str(error)) from error

        def attach() -> None:
            for tree, bind in zip(trees, binds, strict=True):
                syscalls.attach_tree(tree, bind.target)

        _inside(pid, "mnt", syscalls.CLONE_NEWNS, attach)


def listen_in(pid: int, port: int) -> socket.socket:
    """A socket listening on 127.0.0.1:`port` of the network namespace of `pid`.

    It stays there, while whoever holds it accepts from outside: no route, no
    forwarder. Raises SandboxFailed.
    """

    def listen() -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
        except OSError:
            listener.close()
            raise
        return listener

    return _inside(pid, "net", syscalls.CLONE_NEWNET, listen)


def _detached(stack: ExitStack, bind: Bind) -> int:
    tree = syscalls.open_tree(str(bind.source))
    stack.callback(os.close, tree)
    syscalls.set_attributes(tree, WRITABLE if bind.writable else READ_ONLY)
    return tree


def _inside(pid: int, name: str, kind: int, act: Callable[[], Result]) -> Result:
    outcome: list[Result] = []
    failure: list[OSError] = []

    def run() -> None:
        try:
            # A thread that shares its root and directory may not change mount namespace.
            syscalls.unshare(syscalls.CLONE_FS)
            namespace = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                syscalls.setns(namespace, kind)
            finally:
                os.close(namespace)
            outcome.append(act())
        except OSError as error:
            failure.append(error)

    thread = threading.Thread(target=run, name=f"inside-{pid}")
    thread.start()
    thread.join()
    if failure:
        raise SandboxFailed(
            "The sandbox's namespaces could not be entered.", detail=str(failure[0])
        )
    return outcome[0]
