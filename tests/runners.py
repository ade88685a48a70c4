"""Runner processes for tests: the product's own worker, leases and queue.

Every runner on this test run's Valkey takes from the same queue, so at most
one lives at a time: `serve` ends another backend's before it starts one.
"""

import os
import signal
import subprocess
import sys
import time

from django.conf import settings

from runner import nodes
from tests.needs import ROOT

START_TIMEOUT_S = 30


class RunnerProcess:
    """Starts, kills and restarts a runner on one backend."""

    def __init__(self, database: str, backend: str = "children") -> None:
        self.backend = backend
        self._command = [sys.executable, "-m", "tests.fakes.runner_process", database, backend]
        self._variables = dict(os.environ, VIRGA_HOME=str(settings.VIRGA_HOME))
        self.process: subprocess.Popen[bytes] | None = None

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        before = set(nodes.alive(max_age_s=0))
        self.process = subprocess.Popen(self._command, cwd=ROOT, env=self._variables)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not set(nodes.alive(max_age_s=0)) - before:
            assert self.process.poll() is None, "the runner ended at its start"
            assert time.monotonic() < deadline, "the runner did not come up"
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        """Politely; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)


class Runners:
    """The one runner of a test run."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._one: RunnerProcess | None = None

    def serve(self, backend: str) -> RunnerProcess:
        """A living runner on this backend, and no other."""
        if self._one is None or self._one.backend != backend:
            self.close()
            self._one = RunnerProcess(self._database, backend)
        if not self._one.alive():
            self._one.start()
        return self._one

    def close(self) -> None:
        one, self._one = self._one, None
        if one is not None and one.process is not None:
            one.end()
