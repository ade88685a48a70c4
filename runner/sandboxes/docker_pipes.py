"""Input and output of a container as named pipes, past the engine and its shim.

The engine's attach stream costs a copy and a wake-up for every line, and
frames that somebody has to take apart; a pipe is the kernel's own.
"""

import fcntl
import os
import select
import shutil
import time
from contextlib import suppress
from pathlib import Path

from runner.sandboxes.base import GROUP_ID

NAME = "sbx_user1051"
INPUT_BYTES = 1 << 20
"""Room for the assignment: 4 KB of the user's variables, and credentials."""


class Pipes:
    """A folder with `in` and `out`, mounted into one container; and who its user is.

    `output` is the read end of what is printed. It reports end of file only
    after the container has opened and closed its side.
    """

    def __init__(self, folder: Path, user: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, mode=0o755)
        self._input = self.output = -1
        try:
            (folder / "passwd").write_text(
                f"root:x:0:0:root:/:/usr/sbin/nologin\n{NAME}:x:{user}:{user}::/tmp:/bin/sh\n"
            )
            (folder / "group").write_text(f"root:x:0:\n{NAME}:x:{user}:\nvirga:x:{GROUP_ID}:\n")
            for name in ("in", "out"):
                os.mkfifo(folder / name, 0o600)
                os.chown(folder / name, user, user)
            # Open for both, it does not wait for a reader; and closes for good with this process.
            self._input = os.open(folder / "in", os.O_RDWR | os.O_CLOEXEC)
            self.output = os.open(folder / "out", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with suppress(OSError):  # the kernel's limit for one user may be lower
                fcntl.fcntl(self._input, fcntl.F_SETPIPE_SZ, INPUT_BYTES)
        except OSError:
            self.close()
            raise

    def await_open(self, timeout_s: float) -> bool:
        """Wait for the line that says that the container has both ends; whether it came."""
        poll = select.poll()
        poll.register(self.output, select.POLLIN)
        if not poll.poll(timeout_s * 1000) or os.read(self.output, 1) != b"\n":
            return False
        os.set_blocking(self.output, True)
        return True

    def send(self, line: bytes) -> None:
        """Write the one line that a prepared runtime waits for, and end its input."""
        view = memoryview(line)
        while view:
            view = view[os.write(self._input, view) :]
        os.close(self._input)
        self._input = -1

    def drain(self, *, wait_s: float = 0.1) -> str:
        """What was printed so far, for the log when a start has failed."""
        time.sleep(wait_s)
        os.set_blocking(self.output, False)
        with suppress(OSError):
            return os.read(self.output, 4096).decode(errors="replace").strip()
        return ""

    def close(self) -> None:
        """Close both ends and remove the folder; twice is fine."""
        for handle in (self._input, self.output):
            if handle >= 0:
                os.close(handle)
        self._input = self.output = -1
        shutil.rmtree(self.folder, ignore_errors=True)
