"""The product under calls: warm, from many callers, changed, a burst, and pages meanwhile."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

from django.conf import settings

from console.functions.models import Function
from editor.models import File
from editor.services import Change, save_files
from runner import services as runner
from tests.bench.caller import Called, Caller
from tests.bench.callers import WARM_UP_S
from tests.bench.figures import Figure, spread_figure, timed
from tests.bench.functions import EDITED, FILE, SLEEPER
from tests.bench.memory import name_of, processes_of
from tests.bench.processes import ticks
from tests.bench.steps import Seen, steps
from tests.needs import ROOT

WARM_CALLS = 300
CALLERS = 16
DRIVERS = 2
RATE_S = 6.0
EDITS = 25
BURST = 50
SLEEPERS = 100


def warm(backend: str) -> Iterator[Figure]:
    """Calls one after the other, each from the service call to its result."""
    for language in ("python", "node"):
        calls = asyncio.run(_warm(language))
        yield spread_figure(
            f"warm invoke, service call to result, {language} ({backend})",
            "6 ms",
            [call.ms for call in calls],
            key=f"virga {backend} warm {language}",
        )
        yield steps("warm invoke", [_seen(call) for call in calls])


async def _warm(language: str) -> list[Called]:
    caller = Caller()
    function = caller.function(f"warm-{language}", language)
    for _ in range(20):
        await caller.call(function)
    return [await caller.call(function) for _ in range(WARM_CALLS)]


def from_many_callers(backend: str) -> Iterator[Figure]:
    """Sixteen callers without a pause, in two processes as two consoles would.

    Beside the rate stands the processor time of a call, which a busy machine
    changes less: the callers' (with their share of the services), the runner's,
    and everybody else's: sandboxes, Valkey, console.
    """
    Caller().function("many")
    program = [sys.executable, "-m", "tests.bench.callers", "many"]
    program += [str(CALLERS // DRIVERS), str(RATE_S)]
    drivers = [
        subprocess.Popen(program, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
        for _ in range(DRIVERS)
    ]
    time.sleep(WARM_UP_S + 2)  # until all are warm
    used = _used({driver.pid for driver in drivers})
    before, since = used(), time.monotonic()
    time.sleep(RATE_S / 2)
    after, seconds = used(), time.monotonic() - since
    counts = [int(driver.communicate(timeout=120)[0]) for driver in drivers]
    rate = sum(counts) / RATE_S
    told = [f"{name} {(after[name] - before[name]) * 1000 / seconds / rate:.1f}" for name in before]
    yield Figure(
        f"warm invokes a second, {CALLERS} callers, python ({backend})",
        "400 /s",
        f"{rate:.0f} /s",
        f"processor ms a call: {', '.join(told)}",
        f"virga {backend} rate python",
        rate,
    )


def _used(calling: set[int]) -> Callable[[], dict[str, float]]:
    """Reads the processor seconds used so far by callers, the runner, and all else of it."""
    everything = processes_of(settings.VIRGA_HOME) - calling
    running = {pid for pid in everything if name_of(pid).startswith("runner")}
    groups = {"callers": calling, "runner": running, "others": everything - running}
    second = os.sysconf("SC_CLK_TCK")

    def read() -> dict[str, float]:
        return {name: sum(map(ticks, pids)) / second for name, pids in groups.items()}

    return read


def edited(backend: str) -> Iterator[Figure]:
    """Save a changed file and run the draft, without a browser: until the new result is here."""
    for language in ("python", "node"):
        calls = asyncio.run(_edited(language))
        yield spread_figure(
            f"changed file saved and its result here, {language} ({backend})",
            "",
            [call.ms for call in calls],
            key=f"virga {backend} edit {language}",
        )
        yield steps("changed file", [_seen(call) for call in calls])


async def _edited(language: str) -> list[Called]:
    caller = Caller()
    function = caller.function(f"changed-{language}", language)
    calls = []
    for number in range(EDITS + 3):
        await asyncio.sleep(0.7)  # a person types; the stock is filled meanwhile
        start, began = time.perf_counter(), time.time()
        await asyncio.to_thread(_save, function, language, number)
        call = await caller.call(function, "draft")
        took = (time.perf_counter() - start) * 1000
        assert call.result.payload == f'"v{number + 1}"'.encode(), call.result
        calls.append(Called(took, call.request_id, began, call.ended, call.result))
    return calls[3:]


def _save(function: Function, language: str, number: int) -> None:
    path = FILE[language]
    base = File.objects.get(workspace=function.draft, path=path).revision
    content = EDITED[language].format(number + 1).encode()
    save_files(workspace=function.draft, changes=[Change(path, content, base)], by=None)


def burst(backend: str) -> Iterator[Figure]:
    """Fifty functions that never ran, all called at once."""
    caller = Caller()
    functions = [caller.function(f"burst-{number}") for number in range(BURST)]
    time.sleep(3)
    took, failed = asyncio.run(_burst(caller, functions))
    yield Figure(
        f"burst of {BURST} cold starts, until the last answer ({backend})",
        "1000 ms, 0 failed",
        f"{took:.0f} ms, {len(failed)} failed",
        str(failed[0])[:120] if failed else "",
    )


async def _burst(caller: Caller, functions: list[Function]) -> tuple[float, list[BaseException]]:
    start = time.perf_counter()
    calls = [caller.call(function) for function in functions]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    took = (time.perf_counter() - start) * 1000
    return took, [one for one in ended if isinstance(one, BaseException)]


def pages_under_load(backend: str) -> Iterator[Figure]:
    """Home, list and a function's page, from the first of a hundred sleeping calls to the last."""
    caller = Caller()
    sleeper = caller.function("sleeper", files=SLEEPER, timeout_s=60)
    base = f"{settings.PUBLIC_URL}/{caller.account.pk}/functions/"
    addresses = [f"{settings.PUBLIC_URL}/", base, f"{base}sleeper/"]
    cookie = _session_cookie()
    for address in addresses:
        _page(address, cookie)
    took, most, failed = asyncio.run(_pages(caller, sleeper, addresses, cookie))
    note = f"{SLEEPERS - len(failed)} of {SLEEPERS} answered, up to {most} ran at once"
    note += f"; {str(failed[0])[:120]}" if failed else ""
    yield spread_figure(
        f"pages while {SLEEPERS} ten-second calls run ({backend})", "200 ms", took, note=note
    )


async def _pages(
    caller: Caller, sleeper: Function, addresses: list[str], cookie: str
) -> tuple[list[float], int, list[BaseException]]:
    calls = [asyncio.ensure_future(caller.call(sleeper)) for _ in range(SLEEPERS)]
    together = asyncio.gather(*calls, return_exceptions=True)
    took: list[float] = []
    most = 0
    while not together.done():
        for address in addresses:
            took.append(await asyncio.to_thread(timed, lambda a=address: _page(a, cookie)))
        status = await asyncio.to_thread(runner.node_status)
        most = max(most, int(str(status["running"])))
        await asyncio.sleep(0.2)
    failed = [one for one in await together if isinstance(one, BaseException)]
    return took, most, failed


def _page(address: str, cookie: str) -> None:
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}
    with urllib.request.urlopen(
        urllib.request.Request(address, headers=headers), timeout=30
    ) as answer:
        answer.read()
        assert "/accounts/" not in answer.url, f"not signed in: sent to {answer.url}"


def _session_cookie() -> str:
    """A session of the first administrator, as after signing in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from console.accounts.models import User

    user = User.objects.get()
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def _seen(call: Called) -> Seen:
    return Seen(call.request_id, call.began, call.ended)
