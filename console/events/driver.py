"""Driving a run: a few events at a time, no thread held while functions run.

A worker's task hands a run to the one event loop of its process and is done.
The loop awaits the results; the database says where the run stands, so that
another worker can take over when this one dies.
"""

import asyncio
import logging
import threading
from concurrent.futures import Future
from functools import lru_cache
from typing import Protocol

from channels.db import database_sync_to_async

from console.errors import ConsoleError
from console.events.services import running
from console.events.services.running import Call
from console.functions import services as functions
from console.functions.errors import BuildNeeded
from runner import services as runner
from runner.errors import InvocationNotFound, Refused, RunnerError, TooManyRequests
from runner.spec import InvocationResult

log = logging.getLogger(__name__)

AT_ONCE = 4
RENEW_S = 2.0
TRIES = 600
"""How often a case is tried while dependencies are being installed or admission is full."""


class Calls(Protocol):
    """What a driver needs of functions: a fake takes its place in tests."""

    def start(self, call: Call) -> None:
        """Start the call under its request id. Refuses as `functions.services.invoke`."""

    async def result(self, call: Call, *, timeout_s: float) -> InvocationResult:
        """Await the end. Raises TimeoutError; refuses with InvocationNotFound."""

    def log(self, call: Call) -> str | None:
        """The whole log where the event's expectation asks for it, else None."""


class FunctionCalls:
    """Calls through the one way in."""

    def start(self, call: Call) -> None:
        functions.invoke(
            account=call.function.account,
            function=call.function,
            qualifier=call.target,
            event=call.event,
            caller=call.caller,
            request_id=call.request_id,
            label=call.label,
        )

    async def result(self, call: Call, *, timeout_s: float) -> InvocationResult:
        return await runner.wait_for_result(request_id=call.request_id, timeout_s=timeout_s)

    def log(self, call: Call) -> str | None:
        return running.log_of(call.function.account_id, call.request_id, call.expectation)


async def drive(run_id: int, *, calls: Calls | None = None, pause_s: float = 1.0) -> None:
    """Run every open case of a run to its end, then the run; nothing if it is driven already."""
    owner = await database_sync_to_async(running.take_lease)(run_id)
    if not owner:
        return
    renewing = asyncio.create_task(_renew(run_id, owner))
    cases = asyncio.create_task(_cases(run_id, calls or FunctionCalls(), pause_s))
    try:
        await asyncio.wait({renewing, cases}, return_when=asyncio.FIRST_COMPLETED)
        if not cases.done():
            renewing.result()
            log.warning("run %s of test events is driven by somebody else now", run_id)
            return
    finally:
        renewing.cancel()
        cases.cancel()
    cases.result()
    await database_sync_to_async(running.finish_run)(run_id)


async def _renew(run_id: int, owner: str) -> None:
    """Keep the lease; returns when it is lost."""
    held = True
    while held:
        await asyncio.sleep(RENEW_S)
        held = await database_sync_to_async(running.renew_lease)(run_id, owner)


async def _cases(run_id: int, calls: Calls, pause_s: float) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for case_id in await database_sync_to_async(running.open_cases)(run_id):
            group.create_task(_case(case_id, calls, gate, pause_s))


async def _case(case_id: int, calls: Calls, gate: asyncio.Semaphore, pause_s: float) -> None:
    async with gate:
        for _ in range(TRIES):
            call = await database_sync_to_async(running.begin_case)(case_id)
            if call is None:
                return
            try:
                if not call.started:
                    await database_sync_to_async(calls.start)(call)
                await _finish(call, calls)
                return
            except (BuildNeeded, TooManyRequests, InvocationNotFound) as refusal:
                problem = str(refusal)
                await database_sync_to_async(running.postpone_case)(case_id)
                await asyncio.sleep(pause_s)
            except (ConsoleError, Refused, RunnerError) as refusal:
                await database_sync_to_async(running.break_case)(case_id, refusal.message)
                return
        await database_sync_to_async(running.break_case)(case_id, problem)


async def _finish(call: Call, calls: Calls) -> None:
    while True:
        try:
            result = await calls.result(call, timeout_s=30.0)
        except TimeoutError:
            continue
        text = await database_sync_to_async(calls.log)(call)
        await database_sync_to_async(running.finish_case)(call.case_id, result, text)
        return


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of this process, in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="event-runs", daemon=True).start()
    return loop


def hand_over(run_id: int) -> None:
    """Drive a run on this process's loop; returns at once."""
    asyncio.run_coroutine_threadsafe(drive(run_id), _loop()).add_done_callback(_tell)


def _tell(done: "Future[None]") -> None:
    """A bug must be seen: nobody else looks at this future."""
    problem = done.exception()
    if problem is not None:
        log.error("a run of test events ended in a bug", exc_info=problem)
