"""What Safe adds to any sandbox."""

import socket
import threading
from pathlib import Path

import pytest

from runner.errors import SandboxFailed
from runner.sandboxes.base import Assignment, Usage
from runner.sandboxes.safety import Safe

ASSIGNMENT = Assignment(Path("/code"), "app.handler", {}, 128, Path("/tmp"))


class Plain:
    """A sandbox that tells what was called, and fails where it is told to."""

    name = "plain"
    output = -1

    def __init__(self, *, fails: str = "") -> None:
        self.listener = socket.socket()
        self.fails = fails
        self.calls: list[str] = []
        self.inside = 0
        self.most_inside = 0

    def _call(self, name: str) -> None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        threading.Event().wait(0.01)
        self.calls.append(name)
        self.inside -= 1
        if name == self.fails:
            raise SandboxFailed(f"{name} went wrong.")

    def assign(self, assignment: Assignment) -> None:
        self._call("assign")

    def freeze(self) -> None:
        self._call("freeze")

    def thaw(self) -> None:
        self._call("thaw")

    def alive(self) -> bool:
        return True

    def usage(self) -> Usage:
        return Usage(12, exit_code=3)

    def stop(self, *, grace: float = 0.0) -> None:
        self._call("stop")
        self.listener.close()


def test_what_broke_is_destroyed_at_once_and_says_why_afterwards() -> None:
    plain = Plain(fails="freeze")
    safe = Safe(plain)
    with pytest.raises(SandboxFailed, match="freeze went wrong"):
        safe.freeze()
    assert plain.calls == ["freeze", "stop"]
    assert not safe.alive()
    with pytest.raises(SandboxFailed, match=r"plain is gone: freeze went wrong\."):
        safe.thaw()
    safe.stop()
    assert plain.calls == ["freeze", "stop"]


def test_a_second_assignment_is_refused_and_harms_nothing() -> None:
    plain = Plain()
    safe = Safe(plain)
    safe.assign(ASSIGNMENT)
    with pytest.raises(SandboxFailed, match="already serves"):
        safe.assign(ASSIGNMENT)
    assert safe.alive()
    safe.stop()


def test_how_it_ended_is_known_after_it_is_gone() -> None:
    safe = Safe(Plain())
    safe.stop()
    assert safe.usage() == Usage(0, exit_code=3)


def test_no_two_calls_change_it_at_once() -> None:
    plain = Plain()
    safe = Safe(plain)
    threads = [threading.Thread(target=call) for call in (safe.freeze, safe.thaw) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    safe.stop()
    assert plain.most_inside == 1
    assert len(plain.calls) == 9
