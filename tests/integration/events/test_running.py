"""Running many events: what a run records, and what its driver may rely on."""

import asyncio
import json
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from console.errors import Forbidden, Invalid, NotFound
from console.events import driver, queries, services
from console.events.models import MOVES, EventCase, EventRun, TestEvent
from console.events.services import running
from console.functions import services as functions
from console.functions.errors import BuildBroken, BuildNeeded, FunctionNotFound
from editor import services as editor
from editor.services import Change
from runner.errors import InvocationNotFound, NoBackend, TooManyRequests
from runner.models import Build
from runner.spec import InvocationResult, State
from tests.integration.events.conftest import save

pytestmark = pytest.mark.django_db(transaction=True)


class FakeCalls:
    """Answers every event with itself; refuses and fails where it is told to."""

    def __init__(self, *, delay: float = 0.0) -> None:
        self.delay = delay
        self.started: dict[str, str] = {}
        self.refusals: dict[str, list[Exception]] = {}
        self.at_once = self.most_at_once = 0

    def start(self, call):
        if self.refusals.get(call.label):
            raise self.refusals[call.label].pop(0)
        self.started[call.request_id] = call.label

    async def result(self, call, *, timeout_s):
        if call.request_id not in self.started:
            raise InvocationNotFound("unknown")
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(self.delay)
        self.at_once -= 1
        failed = b"fail" in call.event
        return InvocationResult(
            request_id=call.request_id, state=State.FAILED if failed else State.SUCCEEDED,
            executed_version="$LATEST", draft=True, payload=call.event,
            function_error="Unhandled" if failed else "", error_type="Oops" if failed else "",
            duration_ms=5.0, billed_ms=5, memory_mb=128, max_memory_mb=30, init_ms=None,
            cold=False, limit=None, log_tail=b"", backend="fake",
        )  # fmt: skip

    def log(self, call):
        return "the whole log" if call.expectation.get("log_has") else None


def start(function, by, ids=()) -> EventRun:
    return services.start_run(function=function, by=by, target="draft", ids=ids)


async def drive(run: EventRun, calls: FakeCalls) -> EventRun:
    await driver.drive(run.pk, calls=calls, pause_s=0.01)
    return await database_sync_to_async(EventRun.objects.get)(pk=run.pk)


async def states(run: EventRun) -> dict[str, str]:
    rows = await database_sync_to_async(lambda: list(run.cases.all()))()
    return {case.name: case.state for case in rows}


async def test_every_event_with_an_expectation_runs_and_is_compared(function, alice):
    def arrange():
        save(function, alice, name="good", expectation={"subset": {"a": 1}})
        save(function, alice, name="bad", expectation={"subset": {"a": 2}})
        save(function, alice, name="raises", body='"fail"', expectation={"outcome": "fails"})
        save(function, alice, name="log", expectation={"log_has": "whole"})
        save(function, alice, name="says nothing")
        return start(function, alice)

    run = await database_sync_to_async(arrange)()
    run = await drive(run, FakeCalls())
    assert run.state == "finished"
    assert await states(run) == {
        "good": "passed", "bad": "failed", "raises": "passed", "log": "passed",
    }  # fmt: skip
    summary = await database_sync_to_async(queries.summary)(run)
    assert summary["text"] == "3 of 4 passed"
    failures = await database_sync_to_async(lambda: run.cases.get(name="bad").failures)()
    assert failures[0]["message"] == "$.a is 1; 2 was expected."
    outcomes = await database_sync_to_async(
        lambda: dict(TestEvent.objects.values_list("name", "last_outcome"))
    )()
    assert outcomes["good"] == "passed"
    assert outcomes["bad"] == "failed"
    assert outcomes["says nothing"] == ""


async def test_no_more_than_four_run_at_once(function, alice):
    def arrange():
        for number in range(12):
            save(function, alice, name=str(number), expectation={"outcome": "succeeds"})
        return start(function, alice)

    run = await database_sync_to_async(arrange)()
    calls = FakeCalls(delay=0.02)
    await drive(run, calls)
    assert calls.most_at_once == 4
    assert set((await states(run)).values()) == {"passed"}


async def test_a_refusal_for_now_is_waited_out(function, alice):
    def arrange():
        for name in ("busy", "building"):
            save(function, alice, name=name, expectation={"outcome": "succeeds"})
        return start(function, alice)

    run = await database_sync_to_async(arrange)()
    calls = FakeCalls()
    calls.refusals = {
        "busy": [TooManyRequests("full", reason="FunctionConcurrency")] * 3,
        "building": [BuildNeeded("key")] * 3,
    }
    await drive(run, calls)
    assert await states(run) == {"busy": "passed", "building": "passed"}


@pytest.mark.parametrize(
    ("refusal", "says"),
    [(BuildBroken("no such package."), "no such package"), (NoBackend("install it"), "install it")],
)
async def test_what_cannot_run_says_why_and_the_others_run(function, alice, refusal, says):
    def arrange():
        for name in ("one", "two"):
            save(function, alice, name=name, expectation={"outcome": "succeeds"})
        return start(function, alice)

    run = await database_sync_to_async(arrange)()
    calls = FakeCalls()
    calls.refusals = {"one": [refusal]}
    run = await drive(run, calls)
    assert await states(run) == {"one": "broken", "two": "passed"}
    failures = await database_sync_to_async(lambda: run.cases.get(name="one").failures)()
    assert says in failures[0]["message"]
    assert run.state == "finished"


async def test_dependencies_that_failed_are_told_and_not_tried_again(function, alice):
    """With the calls that it makes in earnest: a look at a failed build must not restart it."""

    def arrange():
        change = Change("requirements.txt", b"no-such-package\n", 0)
        editor.save_files(workspace=function.draft, changes=[change], by=alice)
        save(function, alice, name="one", expectation={"outcome": "succeeds"})
        builds = Build.objects.filter(key=functions.deploy(function=function, by=alice).build)
        builds.update(state=Build.State.FAILED, error="No such package.")
        return start(function, alice), builds

    run, builds = await database_sync_to_async(arrange)()
    await driver.drive(run.pk, pause_s=0.01)
    assert await states(run) == {"one": "broken"}
    failures = await database_sync_to_async(lambda: run.cases.get().failures)()
    assert "No such package." in failures[0]["message"]
    assert (await database_sync_to_async(builds.get)()).state == Build.State.FAILED
    assert (await database_sync_to_async(functions.deploy)(function=function, by=alice)).build
    assert (await database_sync_to_async(builds.get)()).state == Build.State.PENDING


async def test_a_driven_run_has_one_driver(function, alice):
    def arrange():
        save(function, alice, expectation={"outcome": "succeeds"})
        return start(function, alice)

    run = await database_sync_to_async(arrange)()
    calls = FakeCalls(delay=0.05)
    await asyncio.gather(*(driver.drive(run.pk, calls=calls, pause_s=0.01) for _ in range(3)))
    assert len(calls.started) == 1


async def test_another_driver_takes_over_and_starts_nothing_twice(function, alice):
    """The first driver dies after it started one call and recorded a second's id only."""

    def arrange():
        for name in ("started", "recorded", "waiting"):
            save(function, alice, name=name, expectation={"outcome": "succeeds"})
        run = start(function, alice)
        assert running.take_lease(run.pk)
        first = running.begin_case(run.cases.get(name="started").pk)
        running.begin_case(run.cases.get(name="recorded").pk)
        EventRun.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        run.refresh_from_db()
        assert queries.is_abandoned(run)
        return run, first

    run, first = await database_sync_to_async(arrange)()
    calls = FakeCalls()
    calls.started[first.request_id] = "started"
    await drive(run, calls)
    assert set((await states(run)).values()) == {"passed"}
    assert sorted(calls.started.values()) == ["recorded", "started", "waiting"]


async def test_a_stopped_run_starts_nothing_more(function, alice):
    def arrange():
        for number in range(3):
            save(function, alice, name=str(number), expectation={"outcome": "succeeds"})
        run = start(function, alice)
        return services.stop_run(function=function, by=alice, run_id=run.pk)

    run = await database_sync_to_async(arrange)()
    calls = FakeCalls()
    run = await drive(run, calls)
    assert calls.started == {}
    assert set((await states(run)).values()) == {"stopped"}
    assert run.state == "stopped"


def test_what_stop_made_of_a_case_stands(function, alice):
    """A driver that read the case before Stop goes on after it."""
    save(function, alice, expectation={"outcome": "succeeds"})
    run = start(function, alice)
    case = run.cases.get()
    services.stop_run(function=function, by=alice, run_id=run.pk)
    assert not running._move(case, "running", request_id="an-id")
    case.refresh_from_db()
    assert (case.state, case.request_id) == ("stopped", "")


def test_a_case_that_is_just_being_started_is_stopped_too(function, alice):
    save(function, alice, expectation={"outcome": "succeeds"})
    run = start(function, alice)
    running.begin_case(run.cases.get().pk)
    services.stop_run(function=function, by=alice, run_id=run.pk)
    assert run.cases.get().state == "stopped"


def test_of_two_drivers_that_begin_a_case_one_does(function, alice):
    save(function, alice, expectation={"outcome": "succeeds"})
    first, second = start(function, alice).cases.get(), EventCase.objects.get()
    assert running._move(first, "running", request_id="first")
    assert not running._move(second, "running", request_id="second")
    assert EventCase.objects.get().request_id == "first"


def test_a_lease_that_another_driver_took_is_not_renewed(function, alice):
    save(function, alice, expectation={"outcome": "succeeds"})
    run = start(function, alice)
    slow = running.take_lease(run.pk)
    assert running.renew_lease(run.pk, slow)
    EventRun.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    quick = running.take_lease(run.pk)
    assert quick
    assert not running.renew_lease(run.pk, slow)
    assert running.renew_lease(run.pk, quick)


async def test_a_driver_that_lost_its_lease_stops_driving(function, alice):
    def arrange():
        for number in range(6):
            save(function, alice, name=str(number), expectation={"outcome": "succeeds"})
        return start(function, alice)

    run = await database_sync_to_async(arrange)()
    calls = FakeCalls(delay=60)
    slow = asyncio.create_task(drive(run, calls))
    while len(calls.started) < driver.AT_ONCE:
        await asyncio.sleep(0.01)
    await database_sync_to_async(EventRun.objects.update)(lease_owner="somebody else")
    run = await asyncio.wait_for(slow, timeout=10)
    assert run.state == "running"
    assert len(calls.started) == driver.AT_ONCE


async def test_a_run_runs_what_was_there_when_it_began(function, alice):
    def arrange():
        kept = save(function, alice, name="kept", expectation={"subset": {"a": 1}})
        gone = save(function, alice, name="gone", expectation={"outcome": "succeeds"})
        run = start(function, alice)
        save(function, alice, name="kept", event_id=kept.pk, body='{"a": 2}')
        services.delete_event(function=function, by=alice, event_id=gone.pk)
        return run

    run = await database_sync_to_async(arrange)()
    await drive(run, FakeCalls())
    assert await states(run) == {"kept": "passed", "gone": "broken"}
    event = await database_sync_to_async(TestEvent.objects.get)(name="kept")
    assert event.last_outcome == ""  # the outcome is not of what it says now


def test_chosen_events_run_whether_or_not_they_expect_something(function, alice):
    one, _ = save(function, alice, name="one"), save(function, alice, name="two")
    run = start(function, alice, ids=[one.pk])
    assert [case.name for case in run.cases.all()] == ["one"]


def test_a_run_with_nothing_in_it_is_refused_with_what_to_do(function, alice):
    save(function, alice)
    with pytest.raises(Invalid, match="fill in “Expected result”"):
        start(function, alice)


def test_a_run_knows_only_what_its_starter_may_see(function, alice, bob, vera):
    save(function, alice, expectation={"outcome": "fails"})
    with pytest.raises(Invalid, match="nothing to run"):
        start(function, bob)
    run = start(function, alice)
    with pytest.raises(NotFound):
        queries.run_for(function=function, user=bob, run_id=run.pk)
    with pytest.raises(NotFound):
        services.stop_run(function=function, by=bob, run_id=run.pk)
    with pytest.raises(Forbidden):
        start(function, vera)


def test_an_unknown_target_is_refused(function, alice):
    save(function, alice, expectation={"outcome": "fails"})
    with pytest.raises(FunctionNotFound):
        services.start_run(function=function, by=alice, target="7")


def test_old_runs_are_forgotten(function, alice):
    save(function, alice, expectation={"outcome": "fails"})
    for _ in range(25):
        run = start(function, alice)
        EventRun.objects.filter(pk=run.pk).update(state="finished")
    assert EventRun.objects.count() == 21


def test_no_final_case_moves_on(function, alice):
    save(function, alice, expectation={"outcome": "fails"})
    case = start(function, alice).cases.get()
    assert set(MOVES) == set(EventCase.State.values)
    running.break_case(case.pk, "because")
    running.break_case(case.pk, "again")
    running.postpone_case(case.pk)
    assert running.begin_case(case.pk) is None
    case.refresh_from_db()
    assert json.dumps(case.failures).count("because") == 1
