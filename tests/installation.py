"""A whole installation as a person starts it: every process, a home of its own, free ports."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.needs import ROOT

START_TIMEOUT_S = 120


def free_port() -> int:
    """A TCP port that nobody listens on now.

    Below the range from which the kernel takes its own: a probe of a port
    there that nobody holds yet could connect to itself.
    """
    for port in random.sample(range(12_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port was found")


@dataclass
class Installation:
    """A started Virga. `output` grows with what the terminal shows."""

    home: Path
    port: int
    endpoint_port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    terminal: Path
    links: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The console's address."""
        return f"http://localhost:{self.port}"

    @property
    def output(self) -> str:
        """What the terminal has shown so far."""
        return self.terminal.read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """Run a management command against it; what it printed."""
        run = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout

    def sign_in_link(self, *arguments: str) -> str:
        """A fresh one-time link, as `make link` prints it."""
        found = re.search(r"https?://\S+/link/\S+", self.manage("link", *arguments))
        assert found, "no link was printed"
        return found.group()

    def processes(self) -> list[int]:
        """The pids of everything that carries this home in its environment."""
        mark = f"VIRGA_HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def stop(self, *, timeout_s: float = 60) -> int:
        """Press Ctrl+C and wait; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=timeout_s)


@contextmanager
def running_installation(
    home: Path, extra: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """Start Virga in `home` and wait until it says that it is ready; stop it after."""
    port, endpoint_port = free_port(), free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("VIRGA_", "DJANGO_"))}
    environment |= {"VIRGA_HOME": str(home), "PORT": str(port), "ENDPOINT_PORT": str(endpoint_port)}
    environment |= dict(extra or {})
    home.mkdir(parents=True, exist_ok=True)
    terminal = home.parent / f"{home.name}.terminal"
    with terminal.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "console/home/supervisor.py"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    it = Installation(home, port, endpoint_port, environment, process, terminal)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while "Virga is ready" not in it.output:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Virga did not start:\n{it.output}")
            time.sleep(0.1)
        yield it
    finally:
        it.stop()
