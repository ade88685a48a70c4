"""Warm environments: who is leased what, what is evicted, what is never leased again."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.code import CodeStore, Entry
from runner.errors import NoBackend, NoRoom, RuntimeNotSupported, SandboxFailed
from runner.leased import Leased, Limits
from runner.outcome import Call, Outcome
from runner.output import Pump
from runner.pool import Pool
from runner.runtime_api.server import RuntimeApiServer
from runner.runtimes import table
from runner.sandboxes.volumes import Volumes
from runner.spec import FunctionSpec, State
from runner.stock import Stock
from tests.fakes.children import ChildBackend

ECHO = "import os\ndef handler(event, context):\n    return [event, os.getpid()]\n"


class House:
    """A pool with its parts, and functions to run in it."""

    def __init__(
        self,
        home: Path,
        *,
        memory_mb: int = 4096,
        idle_s: float = 600,
        each: int = 1,
        overcommit: float = 4,
        room_patience_s: float = 30,
    ):
        self.backend = ChildBackend()
        self.code = CodeStore(home / "code")
        self._server = RuntimeApiServer()
        self._pump = Pump()
        self.stock = Stock(backends=[self.backend], resolve=table.resolve, each=each, idle_s=idle_s)
        self.pool = Pool(
            stock=self.stock,
            server=self._server,
            pump=self._pump,
            code=self.code,
            log_store=home / "logs",
            volumes=Volumes(home / "run"),
            limits=Limits(memory_mb, idle_s, overcommit, room_patience_s),
        )
        self.pool.start()
        self.printed = b""

    def spec(self, source: str = ECHO, **fields: object) -> FunctionSpec:
        blob = self.code.put_blob(source.encode())
        given: dict[str, object] = {
            "account_id": "1" * 12,
            "region": "us-east-1",
            "function_name": "rain",
            "version": "1",
            "runtime": "python3.12",
            "handler": "app.handler",
            "code": self.code.put_tree({"app.py": Entry(blob, len(source))}),
        }
        return FunctionSpec(**(given | fields))

    def lease(self, spec: FunctionSpec) -> Leased:
        return self.pool.lease(spec, spec.digest())

    def run(self, leased: Leased, event: bytes = b"1", timeout_s: float = 10) -> Outcome:
        call = Call("rid", event, leased.spec.function_arn, timeout_s)
        outcome = leased.environment.invoke(call, receive=self._print, started=lambda: None)
        self.pool.give_back(leased, reusable=outcome.reusable)
        return outcome

    def close(self) -> None:
        self.pool.close()
        self._server.close()
        self._pump.close()

    def _print(self, data: bytes) -> bool:
        self.printed += data
        return True


@pytest.fixture
def build() -> Iterator[Callable[..., House]]:
    houses: list[House] = []
    home = Path(tempfile.mkdtemp(prefix="virga-pool-"))

    def make(**fields: object) -> House:
        houses.append(House(home, **fields))
        return houses[-1]

    yield make
    for house in houses:
        house.close()
        assert house.backend.living() == []
    assert not list((home / "run").rglob("*.img"))
    shutil.rmtree(home)


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_the_same_spec_is_served_by_the_same_sandbox_again(build) -> None:
    house = build()
    spec = house.spec()
    first = house.lease(spec)
    assert house.run(first).init_ms is not None
    second = house.lease(spec)
    assert second is first
    assert house.run(second).init_ms is None


def test_it_is_frozen_between_invocations(build) -> None:
    house = build()
    leased = house.lease(house.spec())
    house.run(leased)
    assert [s.frozen for s in house.backend.sandboxes if s.assigned] == [True]


def test_a_leased_environment_is_not_leased_twice(build) -> None:
    house = build()
    spec = house.spec()
    house.run(house.lease(spec))
    one, other = house.lease(spec), house.lease(spec)
    assert one is not other
    house.run(one)
    house.run(other)


def test_another_spec_never_gets_a_used_sandbox(build) -> None:
    house = build()
    first = house.run(house.lease(house.spec(function_name="a")))
    second = house.run(house.lease(house.spec(function_name="b")))
    assert first.payload != second.payload
    assert all(s.assigned for s in house.backend.sandboxes[:2])


def test_a_crashed_sandbox_is_not_leased_again(build) -> None:
    house = build()
    spec = house.spec("import os\ndef handler(event, context):\n    os._exit(1)\n")
    leased = house.lease(spec)
    assert house.run(leased).error_type == "Runtime.ExitError"
    assert house.lease(spec) is not leased


def test_one_that_died_while_frozen_is_replaced(build) -> None:
    house = build()
    spec = house.spec()
    leased = house.lease(spec)
    house.run(leased)
    for sandbox in house.backend.sandboxes:
        if sandbox.assigned:
            sandbox._child.kill()
            sandbox._child.wait()
    again = house.lease(spec)
    assert again is not leased
    assert house.run(again).state is State.SUCCEEDED


def test_the_stock_is_refilled_after_a_sandbox_was_taken(build) -> None:
    house = build(each=2)
    until(lambda: house.stock.count() == 2)
    house.run(house.lease(house.spec()))
    until(lambda: house.stock.count() == 2)


def test_the_least_recently_used_is_evicted_when_memory_is_short(build) -> None:
    house = build(memory_mb=128 + 16 + 3 * 21, each=0)
    specs = [house.spec(function_name=name) for name in "abcd"]
    leased = [house.lease(specs[0])]
    house.run(leased[0])
    for spec in specs[1:]:
        leased.append(house.lease(spec))
        house.run(leased[-1])
    house.run(house.lease(house.spec(function_name="e")))
    until(lambda: len(house.backend.living()) <= 4)
    assert house.lease(specs[0]) is not leased[0]
    assert house.lease(specs[3]) is leased[3]


def test_what_is_leased_at_once_has_a_limit_that_the_refusal_names(build) -> None:
    house = build(memory_mb=512, overcommit=2, each=0, room_patience_s=0)
    spec = house.spec(memory_mb=512)
    leased = [house.lease(spec), house.lease(spec)]
    with pytest.raises(NoRoom, match=r"1,024 MB.*VIRGA_MEMORY_MB"):
        house.lease(spec)
    house.run(leased[0])
    assert house.lease(spec) is leased[0]
    with pytest.raises(NoRoom):
        house.lease(house.spec(function_name="other", memory_mb=128))
    house.run(leased[0])
    house.run(leased[1])


def test_a_lease_waits_for_room_and_takes_what_becomes_warm(build) -> None:
    house = build(memory_mb=512, overcommit=1, each=0)
    spec = house.spec(memory_mb=512)
    first = house.lease(spec)
    waiting: list[Leased] = []
    thread = threading.Thread(target=lambda: waiting.append(house.lease(spec)))
    thread.start()
    assert house.run(first).state is State.SUCCEEDED
    thread.join()
    assert waiting == [first]
    house.run(first)


def test_a_function_larger_than_the_whole_is_refused_at_once(build) -> None:
    house = build(memory_mb=512, overcommit=1)
    with pytest.raises(NoRoom, match="2,048 MB"):
        house.lease(house.spec(memory_mb=2048))


def test_a_spec_that_nothing_serves_takes_no_room(build) -> None:
    house = build(memory_mb=512, overcommit=1, each=0, room_patience_s=0)
    with pytest.raises(RuntimeNotSupported):
        house.lease(house.spec(runtime="ruby3.4", memory_mb=512))
    house.run(house.lease(house.spec(memory_mb=512)))


def test_the_idle_are_ended(build) -> None:
    house = build(idle_s=0.2, each=0)
    spec = house.spec()
    leased = house.lease(spec)
    house.run(leased)
    time.sleep(0.3)
    house.lease(house.spec(function_name="other"))  # wakes the pool
    until(lambda: house.pool.counts()["warm"] == 0)
    until(lambda: not leased.environment.usable())


def test_a_new_spec_of_the_same_version_drops_the_old_one_at_once(build) -> None:
    house = build(each=0)
    old = house.lease(house.spec(version="$LATEST", memory_mb=128))
    house.run(old)
    house.run(house.lease(house.spec(version="$LATEST", memory_mb=256)))
    until(lambda: len(house.backend.living()) == 1)


def test_variables_read_at_start_force_a_fresh_start(build) -> None:
    house = build()
    until(lambda: house.stock.count() == 1)
    house.run(house.lease(house.spec(environment={"TZ": "Asia/Tokyo", "PLAIN": "x"})))
    assert house.backend.start_environments == [{"TZ": "Asia/Tokyo"}]


def test_a_backend_that_fails_is_told_and_the_stock_does_not_spin(build) -> None:
    house = build(each=0)
    house.backend.breaks = True
    leased = house.lease(house.spec())
    with pytest.raises(SandboxFailed, match="out of order"):
        house.run(leased)
    house.pool.give_back(leased, reusable=False)


def test_nothing_to_isolate_with_is_said_with_the_backends_own_words() -> None:
    broken = ChildBackend(problem="Install it with: apt-get install bubblewrap")
    stock = Stock(backends=[broken], resolve=table.resolve, each=0, idle_s=1)
    with pytest.raises(NoBackend, match="apt-get install bubblewrap"):
        stock.choose("python3.12")


def test_the_first_usable_backend_serves() -> None:
    broken, well = ChildBackend("a", problem="no"), ChildBackend("b")
    stock = Stock(backends=[broken, well], resolve=table.resolve, each=0, idle_s=1)
    assert stock.choose("python3.12")[0] is well
    assert stock.problem() == ""
    with pytest.raises(RuntimeNotSupported):
        stock.choose("nodejs22.x")


def test_a_call_does_not_wait_for_an_engine_that_hangs(build) -> None:
    house = build(each=0)
    house.run(house.lease(house.spec()))
    hanging, answer = threading.Event(), threading.Event()

    def hang() -> str:
        hanging.set()
        answer.wait()
        return ""

    house.backend.problem = hang
    look = threading.Thread(target=house.stock.look)
    look.start()
    hanging.wait()
    try:
        spec = house.spec(function_name="b")
        assert house.run(house.lease(spec)).state is State.SUCCEEDED
        assert house.stock.problem() == ""
    finally:
        answer.set()
        look.join()


def test_a_call_never_asks_a_backend_itself(build) -> None:
    house = build(each=0)
    house.stock.look()
    callers: list[str] = []

    def problem() -> str:
        callers.append(threading.current_thread().name)
        return ""

    house.backend.problem = problem
    until(lambda: bool(callers))  # the pool looks again of itself
    house.run(house.lease(house.spec()))
    assert set(callers) == {"stock-look"}


def test_output_comes_complete_and_in_order_before_the_outcome(build) -> None:
    house = build()
    source = (
        "import os\ndef handler(event, context):\n"
        "    for n in range(2000):\n        os.write(1 + n % 2, b'%d\\n' % n)\n"
    )
    house.run(house.lease(house.spec(source)))
    assert house.printed == b"".join(b"%d\n" % n for n in range(2000))


def test_an_init_over_its_limit_is_run_again_inside_the_timeout(build) -> None:
    house = build(each=0)
    source = "import time\ntime.sleep(12)\ndef handler(event, context):\n    return 1\n"
    outcome = house.run(house.lease(house.spec(source)), timeout_s=1)
    assert outcome.error_type == "Sandbox.Timedout"
    assert len(house.backend.sandboxes) == 2


def test_a_lease_whose_holder_failed_is_taken_back_and_a_later_one_is_not(build) -> None:
    house = build()
    spec = house.spec()
    lost = house.lease(spec)
    house.pool.reclaim(lost, lost.turn)
    assert house.pool.counts()["running"] == 0
    kept = house.lease(spec)
    turn = kept.turn
    house.run(kept)
    again = house.lease(spec)
    assert again is kept
    house.pool.reclaim(kept, turn)
    assert house.pool.counts()["running"] == 1
    house.run(again)
