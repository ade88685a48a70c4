"""Other tools that run functions on one's own machine: `python -m tests.bench.peers NAME`.

Each is installed once into the folder VIRGA_BENCH_CACHE (else a temporary
one), never into the checkout, and measured as we are, through the Lambda
endpoint that it offers: HTTP with keep-alive on loopback. Cold is the first
call after the tool came up; an edit counts from the saved file until an
answer shows it.
"""

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.figures import Figure, say, spread_figure
from tests.bench.functions import EDITED, FILE, HELLO
from tests.bench.processes import pss_mb, tree
from tests.bench.tool import NotHere, Tool, cache

WARM_CALLS = 200
CALLERS = 16
RATE_S = 6.0
STARTS = 3
EDITS = 8
START_S = 60
EDIT_S = 15
ENDING = ((signal.SIGINT, 20), (signal.SIGTERM, 5), (signal.SIGKILL, 5))


class Client:
    """One keep-alive connection to a tool's Lambda endpoint."""

    def __init__(self, tool: Tool) -> None:
        self._path = tool.path
        self._connection = http.client.HTTPConnection("127.0.0.1", tool.port, timeout=60)

    def call(self) -> str:
        """The body of one answer. Raises on anything but success."""
        self._connection.request("POST", self._path, b"{}", {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}: {body[:200]}")
        return body

    def timed(self) -> float:
        """One call, ms."""
        start = time.perf_counter()
        self.call()
        return (time.perf_counter() - start) * 1000

    def close(self) -> None:
        self._connection.close()


@contextmanager
def running(tool: Tool, command: list[str]) -> Iterator[int]:
    """Start a tool and wait until its port answers; end it and what it started. Gives its pid."""
    for name, content in HELLO[tool.language].items():
        (tool.folder / name).write_bytes(content)
    log = tool.folder.parent / f"{tool.folder.name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=tool.folder,
            env=tool.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _await_port(tool, process, log)
        yield process.pid
    finally:
        _end(process)
        tool.sweep()


def measure(tool: Tool) -> None:
    """Say every figure of one tool."""
    what = f"{tool.name}, {tool.language}"
    key = f"{tool.name.replace(' ', '-')}"
    cold = []
    for _ in range(STARTS - 1):
        with running(tool, tool.command):
            cold.append(_first(tool))
    with running(tool, tool.command) as pid:
        cold.append(_first(tool))
        say(spread_figure(f"{what}: first call after its start", "peer", cold))
        client = Client(tool)
        for _ in range(10):
            client.call()
        warm = [client.timed() for _ in range(WARM_CALLS)]
        client.close()
        note = tool.isolation
        say(
            spread_figure(
                f"{what}: warm", "peer", warm, note=note, key=f"{key} warm {tool.language}"
            )
        )
        rate, failed = _rate(tool)
        note = f"{failed} failed; " if failed else ""
        note += f"its processes hold {pss_mb(tree(pid)):.0f} MB, containers apart"
        told = f"{rate:.0f} /s"
        name = f"{key} rate {tool.language}"
        say(Figure(f"{what}: calls a second, {CALLERS} callers", "peer", told, note, name, rate))
    with running(tool, tool.edit_command):
        _first(tool)
        _say_edits(tool, what, f"{key} edit {tool.language}")


def _first(tool: Tool) -> float:
    client = Client(tool)
    took = client.timed()
    client.close()
    return took


def _rate(tool: Tool) -> tuple[float, int]:
    """Calls a second of sixteen threads with a connection each, and how many failed."""
    done, failed = [0] * CALLERS, [0] * CALLERS
    end = time.perf_counter() + RATE_S

    def keep_calling(number: int) -> None:
        client = Client(tool)
        while time.perf_counter() < end:
            try:
                client.call()
                done[number] += 1
            except (RuntimeError, OSError, http.client.HTTPException):
                failed[number] += 1
                client.close()
        client.close()

    threads = [threading.Thread(target=keep_calling, args=(n,)) for n in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / RATE_S, sum(failed)


def _say_edits(tool: Tool, what: str, key: str) -> None:
    took = []
    for number in range(EDITS):
        time.sleep(0.7)
        one = _edit(tool, number + 1)
        if one is None:
            missed = f"not within {EDIT_S} s"
            say(Figure(f"{what}: file saved to its result", "peer", missed, tool.sees_edits))
            return
        took.append(one)
    say(
        spread_figure(
            f"{what}: file saved to its result", "peer", took, note=tool.sees_edits, key=key
        )
    )


def _edit(tool: Tool, number: int) -> float | None:
    """Save a change and ask until an answer shows it, ms; None when none does."""
    client = Client(tool)
    start = time.perf_counter()
    (tool.folder / FILE[tool.language]).write_text(EDITED[tool.language].format(number))
    try:
        while time.perf_counter() - start < EDIT_S:
            try:
                if f"v{number}" in client.call():
                    return (time.perf_counter() - start) * 1000
            except (RuntimeError, OSError, http.client.HTTPException):
                client.close()
            time.sleep(0.002)
    finally:
        client.close()
    return None


def _await_port(tool: Tool, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", tool.port, timeout=5)
        try:
            connection.connect()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        finally:
            connection.close()
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    raise NotHere(f"it did not start: {lines[-1][:200] if lines else 'no message'}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl+C first: tools remove their containers on it."""
    for number, patience_s in ENDING:
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=patience_s)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def main(name: str) -> None:
    """Measure one peer in each of its languages, or say why not."""
    from tests.bench import peer_offline, peer_sam

    tools = {"offline": peer_offline.tools, "sam": peer_sam.tools}
    with cache() as installed, tempfile.TemporaryDirectory(prefix="virga-bench-") as work:
        try:
            with tools[name](installed, Path(work)) as found:
                for tool in found:
                    measure(tool)
        except NotHere as reason:
            say(Figure(name, "peer", "not installed here", str(reason)))


if __name__ == "__main__":
    main(sys.argv[1])
