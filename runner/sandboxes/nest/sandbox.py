"""One sandbox, from the inside: what its first process does before anything else runs.

It joins its limits, makes its network, mounts and user, gives up every
privilege, and forks the runtime. Then it stays as process 1: it collects
orphans and ends with the runtime, and the kernel ends the rest with it.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Callable
from typing import Any

from . import messages, syscalls

API_PORT = 9001
OOM_SCORE = "500"  # when the machine itself runs out, functions go before the console


class Ends:
    """The descriptors of one sandbox, in the order in which they are sent."""

    def __init__(self, descriptors: list[int]) -> None:
        self.life = socket.socket(fileno=descriptors[0])
        self.input, self.output = descriptors[1:3]
        self.groups = descriptors[3:]


def become(
    request: dict[str, Any], ends: Ends, settings: dict[str, Any], serve: Callable[[], None]
) -> None:
    """Turn this freshly cloned process into the sandbox's first. Never returns."""
    os.setsid()
    _write("/proc/self/oom_score_adj", OOM_SCORE)
    for group in ends.groups:
        os.write(group, b"0")
        os.close(group)
    # Only now: the namespace shows what is below the group joined, nothing above.
    syscalls.unshare(syscalls.CLONE_NEWCGROUP)
    listener = _listen()
    _mount(settings)
    syscalls.set_hostname("sandbox")
    _become_user(request["user"], settings)
    _limit(request["limits"])
    syscalls.drop_capabilities()
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    syscalls.install_filter(bytes.fromhex(settings["filter"]))
    runtime = os.fork()
    if runtime == 0:
        _run(request, ends, listener, serve)
    listener.close()
    os.close(ends.input)
    os.close(ends.output)
    # The runtime has the same user: it may not look into or take over this process.
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    _collect(runtime, ends.life)


def _listen() -> socket.socket:
    syscalls.bring_loopback_up()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", API_PORT))
    listener.listen(64)
    return listener


def _mount(settings: dict[str, Any]) -> None:
    private = syscalls.MS_REC | syscalls.MS_PRIVATE
    syscalls.mount("none", "/", flags=private)
    strict = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", "/proc", "proc", strict)
    options = f"size={settings['shm_mb']}m,mode=1777"
    syscalls.mount("shm", "/dev/shm", "tmpfs", strict, options)  # noqa: S108
    for place in settings["hidden"]:
        syscalls.unmount(place)


def _become_user(user: int | None, settings: dict[str, Any]) -> None:
    """Become a user that the host does not know, in a user namespace of its own.

    Made last: the sandbox has no capability over its other namespaces, which
    belong to the namespace above. Without root there is one user only.
    """
    outside = 0
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        outside = user
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # else the maps below belong to root
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{settings['user_id']} {outside} 1")
    _write("/proc/self/gid_map", f"{settings['group_id']} {outside} 1")


def _limit(limits: dict[str, int]) -> None:
    """Resource limits by the name of their constant; soft and hard alike."""
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, name), (value, value))


def _run(
    request: dict[str, Any], ends: Ends, listener: socket.socket, serve: Callable[[], None]
) -> None:
    """The runtime's process: pass the listener out, keep three descriptors, and start."""
    messages.send(ends.life, {"ready": True}, (listener.fileno(),))
    os.dup2(ends.input, 0)
    os.dup2(ends.output, 1)
    os.dup2(ends.output, 2)
    listener.detach()
    ends.life.detach()
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    command = request["command"]
    if command:
        os.execve(command[0], command, request["environment"])  # noqa: S606
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as a Python of its own would have it
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    serve()
    os._exit(0)


def _collect(runtime: int, life: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while True:
        process, status = os.wait()
        if process == runtime:
            messages.send(life, {"exit": os.waitstatus_to_exitcode(status)})
            os._exit(0)


def _write(file: str, value: str) -> None:
    descriptor = os.open(file, os.O_WRONLY)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)
