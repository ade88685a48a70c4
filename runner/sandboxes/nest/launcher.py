"""The process of a nest that forks sandboxes and mounts functions' files into them.

A nest is one interpreter's root file system, built once by bubblewrap, with
this process in it, privileged there and speaking to the runner only. As a
zygote of Python it has the runtime imported already, so that a sandbox is a
fork; every other interpreter is started from a fork. When the runner is gone
it ends, and with it every process of the nest.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import traceback
from typing import Any

from . import messages, sandbox, syscalls

NAMESPACES = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
)
HERE = "/.nest"  # where this package is mounted, out of every sandbox's sight
HOST = "/.nest/host"  # the host's files, in a nest without root, for the launcher alone
RUNTIME = "/var/runtime"


class Launcher:
    """Answers the runner's requests, one at a time."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._settings, _, _ = messages.receive(channel)
        self._bootstrap: Any = None
        self._own = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self._thaw: dict[int, int] = {}

    def run(self) -> None:
        """Serve until the runner is gone, then end everything."""
        # Nobody waits for a sandbox here: its own first process tells how it ended.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        if self._settings["zygote"]:
            sys.path.insert(0, RUNTIME)
            import bootstrap  # type: ignore[import-not-found]

            sys.path.remove(RUNTIME)
            bootstrap.preload()
            self._bootstrap = bootstrap
        self._reply(self._settings, {"ready": True})
        while True:
            request, descriptors, _ = messages.receive(self._channel)
            if not request:
                self._end()
            try:
                reply, passed = self._answer(request, descriptors)
            except OSError as error:
                reply, passed = {"error": str(error)}, ()
            try:
                self._reply(request, reply, passed)
            except OSError:
                self._end()
            messages.close_all([*descriptors, *passed])

    def _reply(
        self, request: dict[str, Any], reply: dict[str, Any], passed: tuple[int, ...] = ()
    ) -> None:
        messages.send(self._channel, {**reply, "number": request["number"]}, passed)

    def _answer(
        self, request: dict[str, Any], descriptors: list[int]
    ) -> tuple[dict[str, Any], tuple[int, ...]]:
        if request["what"] == "spawn":
            pid = self._spawn(request, descriptors)
            namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
            return {"pid": pid}, (namespace,)
        self._attach(request, descriptors)
        return {"attached": True}, ()

    def _spawn(self, request: dict[str, Any], descriptors: list[int]) -> int:
        """Clone a sandbox's first process. With `thaws`, the last descriptor thaws it."""
        pid = syscalls.clone(NAMESPACES)
        if pid == 0:
            self._become(request, descriptors)
        self._forget_ended()
        if request["thaws"]:
            self._thaw[pid] = os.dup(descriptors[-1])
        return pid

    def _become(self, request: dict[str, Any], descriptors: list[int]) -> None:
        if request["thaws"]:
            os.close(descriptors.pop())
        ends = sandbox.Ends(descriptors)
        try:
            messages.close_all([self._own, *self._thaw.values()])
            self._channel.close()
            sandbox.become(request, ends, self._settings, self._serve)
        except (OSError, ValueError, LookupError, TypeError):
            messages.send(ends.life, {"error": traceback.format_exc()[-4000:]})
        finally:
            # Whatever it was, a half-made sandbox must not go on.
            os._exit(70)

    def _serve(self) -> None:
        """In a sandbox of a zygote: wait for the assignment and become the function."""
        random.seed()  # siblings would draw the same numbers
        if HERE in sys.path:
            sys.path.remove(HERE)
        for name in [name for name in sys.modules if name.partition(".")[0] == "nest"]:
            del sys.modules[name]
        # Those of the zygote were made for other files than what is there now.
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False, errors="backslashreplace")
        assignment = self._bootstrap.wait()
        if assignment is not None:
            self._bootstrap.serve(assignment)

    def _attach(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """Mount directories in a sandbox. They come as detached trees, or as paths below HOST."""
        inside, *trees = descriptors
        opened = [syscalls.open_tree(HOST + path) for path in request["paths"]]
        try:
            binds = list(zip(trees + opened, request["binds"]))  # noqa: B905  (Python 3.9)
            for tree, bind in binds:
                self._set_attributes(tree, bind, request["pid"])
            syscalls.setns(inside, syscalls.CLONE_NEWNS)
            try:
                for tree, bind in binds:
                    syscalls.attach_tree(tree, bind["target"])
            finally:
                syscalls.setns(self._own, syscalls.CLONE_NEWNS)
        finally:
            messages.close_all(opened)

    @staticmethod
    def _set_attributes(tree: int, bind: dict[str, Any], pid: int) -> None:
        attributes = syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV
        if not bind["writable"]:
            # Before it is attached: no writable copy is ever visible inside.
            attributes |= syscalls.ATTR_RDONLY
        if not bind["mapped"]:
            syscalls.set_attributes(tree, attributes)
            return
        users = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        try:
            syscalls.set_attributes(tree, attributes | syscalls.ATTR_IDMAP, user_namespace=users)
        finally:
            os.close(users)

    def _forget_ended(self) -> None:
        for pid in [pid for pid in self._thaw if not os.path.exists(f"/proc/{pid}")]:
            os.close(self._thaw.pop(pid))

    def _end(self) -> None:
        """The runner is gone: end every sandbox. A frozen one would not die, so it is thawed."""
        for pid, thaw in self._thaw.items():
            try:
                os.kill(pid, signal.SIGKILL)
                os.write(thaw, b"THAWED")
            except OSError:
                continue
        os._exit(0)


def main() -> None:
    """The program: its argument is the descriptor of the channel to the runner."""
    Launcher(socket.socket(fileno=int(sys.argv[1]))).run()
