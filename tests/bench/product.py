"""The whole product on one backend, as people use it: `python -m tests.bench.product NAME`.

Starts an installation of its own, asks it as a second console process would
and in Chromium, and ends it. Prints a JSON list of [what, reach, reached, note].
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.figures import quantile, spread, timed
from tests.installation import Installation, running_installation

HELLO = {
    "python3.11": {"app.py": b"def handler(event, context):\n    return 'v0'\n"},
    "nodejs22.x": {"app.js": b"exports.handler = async () => 'v0';\n"},
}
EDITED = {
    "python3.11": "def handler(event, context):\n    return 'v{}'\n",
    "nodejs22.x": "exports.handler = async () => 'v{}';\n",
}
SLEEPER = b"import time\ndef handler(event, context):\n    time.sleep(10)\n    return 1\n"
EDIT_REACH = {"bubblewrap": "100 ms, p95 300", "docker": "150 ms, p95 500"}
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
WARM_CALLS = 300
EDITS = 30
Rows = list[list[str]]


class Caller:
    """A process of the console beside the installation's own."""

    def __init__(self) -> None:
        from console.accounts.models import Account

        self.account = Account.objects.get()
        self.account.concurrency_limit = 1000
        self.account.save()

    def function(self, name: str, runtime: str, files: dict[str, bytes], **more: Any) -> Any:
        """A deployed function."""
        from console.functions.services import create_function

        return create_function(
            account=self.account,
            name=name,
            runtime=runtime,
            by=None,
            files=files,
            handler="app.handler",
            **more,
        )

    def start(self, function: Any) -> str:
        """Start one run of $LATEST."""
        from console.functions.services import invoke

        return invoke(
            account=self.account,
            function=function,
            qualifier="$LATEST",
            event=b"{}",
            caller="bench",
        )

    async def call(self, function: Any) -> float:
        """One call to its result, ms."""
        from asgiref.sync import sync_to_async

        from runner.services import wait_for_result

        start = time.perf_counter()
        request_id = await sync_to_async(self.start)(function)
        result = await wait_for_result(request_id=request_id, timeout_s=60)
        assert result.state == "succeeded", result
        return (time.perf_counter() - start) * 1000


async def warm(caller: Caller) -> Rows:
    """Warm calls one after the other, then from 16 callers."""
    function = caller.function("warm", "python3.11", HELLO["python3.11"])
    for _ in range(20):
        await caller.call(function)
    alone = [await caller.call(function) for _ in range(WARM_CALLS)]
    done = 0
    end = time.perf_counter() + 6

    async def keep_calling() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await caller.call(function)
            done += 1

    await asyncio.gather(*(keep_calling() for _ in range(16)))
    return [
        ["warm invoke, service call to result", "6 ms", spread(alone), ""],
        ["warm invokes a second, 16 callers", "400 /s", f"{done / 6:.0f} /s", ""],
    ]


async def burst(caller: Caller) -> Rows:
    """Fifty functions that never ran, all called at once."""
    functions = [
        caller.function(f"burst-{n}", "python3.11", HELLO["python3.11"]) for n in range(50)
    ]
    await asyncio.sleep(3)
    start = time.perf_counter()
    ended = await asyncio.gather(*(caller.call(f) for f in functions), return_exceptions=True)
    took = (time.perf_counter() - start) * 1000
    failed = sum(isinstance(one, BaseException) for one in ended)
    reached = f"{took:.0f} ms, {failed} failed"
    return [["burst of 50 cold starts: the last answer", "1000 ms, 0 failed", reached, ""]]


async def pages_under_load(caller: Caller, it: Installation, cookie: str) -> Rows:
    """The functions list while a hundred ten-second calls run."""
    sleeper = caller.function("sleeper", "python3.11", {"app.py": SLEEPER}, timeout_s=15)
    address = f"{it.url}/{caller.account.pk}/functions/"

    def page() -> object:
        request = urllib.request.Request(address, headers={"Cookie": f"virga_session={cookie}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    calls = [asyncio.ensure_future(caller.call(sleeper)) for _ in range(100)]
    await asyncio.sleep(4)
    loop = asyncio.get_running_loop()
    took = [await loop.run_in_executor(None, timed, page) for _ in range(25)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    bad = [one for one in ended if isinstance(one, BaseException)]
    note = f"{100 - len(bad)} of 100 calls answered"
    return [["page while 100 ten-second calls run", "200 ms", spread(took), note]]


def at_rest(it: Installation) -> Rows:
    """Memory (PSS) and CPU of every process, two prepared sandboxes a runtime."""
    time.sleep(8)
    pids = set(it.processes()) | _sandboxes_of(it)
    total = sum(_pss_kb(pid) for pid in pids)
    before = sum(_ticks(pid) for pid in pids)
    time.sleep(5)
    busy = (sum(_ticks(pid) for pid in pids) - before) / os.sysconf("SC_CLK_TCK") / 5 * 100
    reached = f"{total / 1024:.0f} MB, {busy:.1f} % CPU"
    return [
        ["at rest, two prepared sandboxes a runtime", "600 MB", reached, f"{len(pids)} processes"]
    ]


def _sandboxes_of(it: Installation) -> set[int]:
    """Descendants of its processes, and of the containers that carry its label."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(entry.name)] = int(fields[1])
            except OSError:
                continue
    mine = set(it.processes())
    for entry in parents:
        try:
            if str(it.home) in Path(f"/proc/{entry}/mountinfo").read_text():
                mine.add(entry)
        except OSError:
            continue
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in mine} - mine
        grown = bool(more)
        mine |= more
    return mine - {os.getpid()}


def _pss_kb(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        return 0
    return 0


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


# -- in the browser


@contextmanager
def browser_page(it: Installation) -> Iterator[Any]:
    """A signed-in page of Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(it.sign_in_link())
        page.locator("main form button[type=submit], .panel form button").first.click()
        page.wait_for_url(lambda url: "/link/" not in url)
        yield page
        browser.close()


def in_browser(it: Installation, account: str, backend: str) -> Rows:
    """Edit, Ctrl+Enter, painted result; and how soon the page is ready to type."""
    rows = []
    with browser_page(it) as page:
        for runtime, language in (("python3.11", "Python"), ("nodejs22.x", "Node")):
            page.goto(f"{it.url}/{account}/functions/edit-{language.lower()}/")
            page.locator(".monaco-editor").first.wait_for()
            took = [_edit_and_run(page, runtime, n) for n in range(EDITS + 3)][3:]
            what = f"Ctrl+Enter on a changed {language} function to painted result"
            worst = f"max {max(took):.0f}"
            rows.append([what, EDIT_REACH[backend], spread(took), worst])
        ready = [_ready_after_reload(page) for _ in range(8)][1:]
        reached = f"{statistics.median(ready):.0f} ms (p95 {quantile(ready, 0.95):.0f})"
        rows.append(["function page ready to type, warm cache", "500 ms", reached, ""])
    return rows


def _edit_and_run(page: Any, runtime: str, number: int) -> float:
    page.evaluate("performance.clearMarks()")
    page.locator(".monaco-editor textarea, .monaco-editor .native-edit-context").first.focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(EDITED[runtime].format(number + 1))
    time.sleep(0.7)
    page.keyboard.press("Control+Enter")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        marks = page.evaluate(
            "performance.getEntriesByType('mark').map(m => [m.name, m.startTime])"
        )
        named = dict(marks)
        if "virga:result-painted" in named:
            break
        time.sleep(0.01)
    else:
        raise SystemExit("no result was painted within 20 s")
    shown = page.locator("virga-editor").inner_text()
    assert f"v{number + 1}" in shown, shown
    return float(named["virga:result-painted"] - named["virga:test-sent"])


def _ready_after_reload(page: Any) -> float:
    page.reload()
    page.locator(".monaco-editor").first.wait_for()
    for _ in range(200):
        marks = dict(
            page.evaluate("performance.getEntriesByType('mark').map(m => [m.name, m.startTime])")
        )
        if "virga:editor-ready" in marks:
            return float(marks["virga:editor-ready"])
        time.sleep(0.01)
    raise SystemExit("the editor was not ready within 2 s")


def session_cookie() -> str:
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


def main(backend: str) -> None:
    """Measure everything on one backend."""
    home = Path(tempfile.mkdtemp(prefix="virga-bench-")) / "home"
    os.environ["VIRGA_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "console.settings"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    os.environ.setdefault("VIRGA_LOG_LEVEL", "WARNING")
    extra = {
        "VIRGA_BACKENDS": backend,
        "VIRGA_CONCURRENCY": "200",
        "VIRGA_FUNCTION_CONCURRENCY": "200",
    }
    os.environ.update(extra)
    with running_installation(home, extra) as it:
        import django

        django.setup()
        caller = Caller()
        rows = at_rest(it)
        for runtime, language in (("python3.11", "python"), ("nodejs22.x", "node")):
            caller.function(f"edit-{language}", runtime, HELLO[runtime])
        rows += in_browser(it, caller.account.pk, backend)
        rows += asyncio.run(warm(caller))
        rows += asyncio.run(burst(caller))
        rows += asyncio.run(pages_under_load(caller, it, session_cookie()))
    sys.stdout.write(json.dumps([[f"{what} ({backend})", *rest] for what, *rest in rows]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
