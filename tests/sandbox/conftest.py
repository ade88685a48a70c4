"""Sandboxes alone (rigs), and functions on a whole runner (desks)."""

import time
from collections.abc import Callable, Iterator

import pytest

from runner import nodes, services
from tests import factories, needs
from tests.runners import RunnerProcess, Runners
from tests.sandbox.desk import Desk
from tests.sandboxes import MARKED, isolating_rig, rig, rigs

__all__ = ["isolating_rig", "rig", "rigs"]


@pytest.fixture(scope="module", params=MARKED)
def real_backend(request: pytest.FixtureRequest, runners: Runners) -> Iterator[str]:
    """The name of a backend that isolates and that a runner serves."""
    needs.require(request.param)
    yield request.param
    runners.close()


@pytest.fixture
def real_runner(real_backend: str, runners: Runners, transactional_db: None) -> RunnerProcess:
    """A living runner with real sandboxes, both languages prepared."""
    process = runners.serve(real_backend)
    deadline = time.monotonic() + 60
    while not _serves_both(real_backend):
        if time.monotonic() > deadline:
            needs.missing(f"{real_backend} does not serve both languages: {nodes.alive()}")
        time.sleep(0.1)
    return process


def _serves_both(backend: str) -> bool:
    nodes.alive(max_age_s=0)
    served = {info.language for info in services.runtimes() if backend in info.backends}
    return {"python", "node"} <= served


@pytest.fixture
def desk(real_runner: RunnerProcess) -> Desk:
    """Alice's account on it."""
    return Desk(factories.make_account())


@pytest.fixture
def neighbour(real_runner: RunnerProcess) -> Callable[[], None]:
    """Calls another account's warm function and fails if that notices anything."""
    other = Desk(factories.make_account(id="444455556666", name="Sun"))
    function = other.function("def handler(event, context):\n    return event\n", timeout_s=10)
    other.run(function, "first")

    def call() -> None:
        began = time.monotonic()
        run = other.run(function, "still here")
        assert (run.told, run.result.cold) == ("still here", False)
        assert time.monotonic() - began < 5

    return call
