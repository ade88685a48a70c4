"""Sandboxes in Linux namespaces, from root file systems that bubblewrap builds.

Each interpreter has a nest (`nest.launcher`): a Python zygote with the
runtime imported, whose sandboxes are forks, or a launcher that starts a
fresh interpreter in each. A prepared sandbox has its namespaces, limits,
listener and user already, and not one privilege; to assign it is to mount
the function's files into it from outside and to write one line to it.

With root, limits are control groups and users are distinct. Without, a
delegated control group is used, or else `watch` and resource limits;
`enforced` says which.
"""

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from runner.errors import SandboxFailed
from runner.runtimes import Interpreter, install
from runner.runtimes.discover import discover
from runner.sandboxes import cgroups, limits, nests, rootfs, seccomp
from runner.sandboxes.base import GROUP_ID, USER_ID, Sandbox
from runner.sandboxes.bubblewrapped import Bubblewrapped, Parts
from runner.sandboxes.nests import Nest
from runner.sandboxes.safety import Safe

SHM_MB = 16
OPEN_FILES = 1024
USERS = range(1_500_000_000, 2_000_000_000)
"""Numbers for sandboxes' users, far from any that a host gives out; one is drawn for each."""
INSTALL = "apt-get install bubblewrap"


class BubblewrapBackend:
    """The backend "bubblewrap" of one installation on this node."""

    name = "bubblewrap"

    def __init__(
        self,
        run_dir: Path,
        *,
        rootfs: Path | None = None,
        interpreters: Callable[[], tuple[Interpreter, ...]] = discover,
        runtime_dir: Callable[[Interpreter], Path] = install.runtime_dir,
    ) -> None:
        self._run_dir = run_dir
        self._rootfs = rootfs
        self._find_interpreters = interpreters
        self._runtime_dir = runtime_dir
        self._label = "virga-" + hashlib.sha256(str(run_dir).encode()).hexdigest()[:16]
        self._lock = threading.Lock()
        self._starting: dict[tuple[Interpreter, bool], threading.Lock] = {}
        self._nests: dict[tuple[Interpreter, bool], Nest] = {}
        self._live: dict[str, Bubblewrapped] = {}
        self._enforcement = limits.choose(self._label)

    @property
    def enforced(self) -> str:
        """Which limits hold on this node and by what means, in a sentence for people."""
        return self._enforcement.described

    def problem(self) -> str:
        """As `Backend.problem`."""
        if not rootfs.bwrap():
            return f"bubblewrap is not installed. Install it with: {INSTALL}"
        return limits.namespaces_problem(rootfs.bwrap())

    def interpreters(self) -> tuple[Interpreter, ...]:
        """As `Backend.interpreters`: those of the host."""
        return self._find_interpreters()

    def prepare(
        self, interpreter: Interpreter, *, start_environment: Mapping[str, str] | None = None
    ) -> Sandbox:
        """As `Backend.prepare`. With `start_environment` a zygote's fork would come too late."""
        fork = interpreter.language == "python" and start_environment is None
        nest = self._nest(interpreter, zygote=fork)
        name = secrets.token_hex(8)
        with ExitStack() as undo:
            enforcer = self._enforcement.create(name)
            undo.callback(enforcer.remove)
            parts = Parts(
                name=name,
                nest=nest,
                enforcer=enforcer,
                user=USERS.start + secrets.randbelow(len(USERS)) if os.geteuid() == 0 else None,
                command=[] if fork else install.command(interpreter, start_environment),
                environment=dict(start_environment or {}),
                limits={"RLIMIT_CORE": 0, "RLIMIT_NOFILE": OPEN_FILES},
                layers=self._run_dir / "layers",
                forget=self._forget,
            )
            sandbox = Bubblewrapped(parts)
            undo.pop_all()
        with self._lock:
            self._live[name] = sandbox
        return Safe(sandbox)

    def sweep(self) -> int:
        """As `Backend.sweep`: processes by their nest's label, and control groups."""
        with self._lock:
            ours = {nest.pid for nest in self._nests.values()}
            keep = set(self._live)
        left = [pid for pid in nests.labelled(self._label) if pid not in ours]
        swept = self._enforcement.sweep(keep=keep)
        for pid in left:
            nests.end_tree(pid)
        if not nests.await_gone(left, cgroups.files.PATIENCE_S):
            raise SandboxFailed("Sandboxes of an earlier run could not be ended.", detail=str(left))
        return swept + len(left)

    def close(self) -> None:
        """As `Backend.close`: every sandbox still there, every nest."""
        with self._lock:
            live = list(self._live.values())
            all_nests = list(self._nests.values())
            self._nests.clear()
        for sandbox in live:
            sandbox.stop()
        for nest in all_nests:
            nest.close()
        self._enforcement.close()

    def _forget(self, name: str) -> None:
        with self._lock:
            self._live.pop(name, None)

    def _nest(self, interpreter: Interpreter, *, zygote: bool) -> Nest:
        """The nest of an interpreter, started when there is none or it has died."""
        key = (interpreter, zygote)
        with self._lock:
            starting = self._starting.setdefault(key, threading.Lock())
        with starting:
            nest = self._nests.get(key)
            if nest is not None and nest.alive():
                return nest
            if nest is not None:
                nest.close()
            nest = self._start(interpreter, zygote=zygote)
            with self._lock:
                self._nests[key] = nest
            return nest

    def _start(self, interpreter: Interpreter, *, zygote: bool) -> Nest:
        etc = self._run_dir / "etc"
        rootfs.write_etc(etc)
        made_of = rootfs.nest(
            interpreter,
            runtime=self._runtime_dir(interpreter),
            rootfs=self._rootfs,
            etc=etc,
            zygote=zygote,
        )
        settings = {
            "zygote": zygote,
            "filter": seccomp.program().hex(),
            "shm_mb": SHM_MB,
            "user_id": USER_ID,
            "group_id": GROUP_ID,
        }
        return Nest(made_of, label=self._label, settings=settings)
