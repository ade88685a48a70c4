"""The user's clock in Chromium: from the key press to the painted result.

Begins with the time stamp of the Ctrl+Enter event and ends with the page's
mark `virga:result-painted`, set after the frame that shows the result. The
steps in between come from the record, the mark `virga:test-sent` and the
arrival of the result in the page's socket.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from runner.models import Invocation
from tests.bench.caller import Caller
from tests.bench.figures import Figure, median, spread_figure
from tests.bench.functions import EDITED
from tests.bench.steps import Seen, steps
from tests.needs import ROOT

EDIT_REACH = {"bubblewrap": "100 ms, p95 300", "docker": "150 ms, p95 500"}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
CHROMIUM = "/usr/bin/chromium"
EDITS = 30
WARM_UP = 3
RELOADS = 8
PATIENCE_S = 30
WATCH = """() => {
  addEventListener("keydown", (e) => {
    if (!e.ctrlKey || e.key !== "Enter") return;
    performance.mark("bench:pressed", { startTime: e.timeStamp });
  }, true);
}"""
MARKS = """() => Object.fromEntries(performance.getEntriesByType("mark")
  .map((mark) => [mark.name, performance.timeOrigin + mark.startTime]))"""


def in_browser(backend: str) -> Iterator[Figure]:
    """Edit, Ctrl+Enter, painted result; and how soon the page is ready to type."""
    if not Path(CHROMIUM).exists():
        raise SystemExit("Chromium is not installed: apt-get install chromium")
    caller = Caller()
    for language in ("python", "node"):
        caller.function(f"edit-{language}", language)
    base = f"{settings.PUBLIC_URL}/{caller.account.pk}/functions"
    with signed_in() as page:
        for language in ("python", "node"):
            page.goto(f"{base}/edit-{language}/")
            yield from _edits(page, language, backend)
        ready = [_ready_after_reload(page) for _ in range(RELOADS)][1:]
        yield spread_figure(f"function page ready to type, warm cache ({backend})", "500 ms", ready)


@contextmanager
def signed_in() -> Iterator[Any]:
    """A signed-in page of Chromium."""
    from playwright.sync_api import sync_playwright

    link = subprocess.run(
        [sys.executable, "manage.py", "link"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("http", 1)[1]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.on("pageerror", lambda error: sys.stderr.write(f"page: {error}\n"))
        page.on("console", lambda line: sys.stderr.write(f"console: {line.text}\n"))
        page.goto(f"http{link.split()[0]}")
        page.locator("main form button[type=submit], .panel form button").first.click()
        page.wait_for_url(lambda url: "/link/" not in url)
        yield page
        browser.close()


def _edits(page: Any, language: str, backend: str) -> Iterator[Figure]:
    _marked(page, "virga:editor-ready")
    page.evaluate(WATCH)
    marks = [_edit_and_run(page, language, n) for n in range(EDITS + WARM_UP)][WARM_UP:]
    took = [one["virga:result-painted"] - one["bench:pressed"] for one in marks]
    what = f"Ctrl+Enter on a changed {language} function to painted result ({backend})"
    yield spread_figure(what, EDIT_REACH[backend], took, note=f"max {max(took):.0f}")
    rows = Invocation.objects.filter(function_arn__endswith=f":edit-{language}")
    latest = list(rows.order_by("-created_at")[:EDITS])[::-1]
    seen = [
        Seen(str(row.request_id), one["bench:pressed"] / 1000, one["virga:result-painted"] / 1000)
        for row, one in zip(latest, marks, strict=True)
    ]
    yield steps("admit from the key press, back until painted", seen)
    sent = median([one["virga:test-sent"] - one["bench:pressed"] for one in marks])
    yield Figure("  of it, median: key press until the page sends", "", f"{sent:.1f} ms")


def _edit_and_run(page: Any, language: str, number: int) -> dict[str, float]:
    page.evaluate("performance.clearMarks()")
    page.locator(".monaco-editor textarea, .monaco-editor .native-edit-context").first.focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(EDITED[language].format(number + 1))
    time.sleep(0.7)  # a person looks at it; the stock is filled meanwhile
    page.keyboard.press("Control+Enter")
    marks = _marked(page, "virga:result-painted")
    shown = page.locator("virga-editor").inner_text()
    assert f"v{number + 1}" in shown, f"v{number + 1} is not shown: {shown[-300:]!r}"
    return marks


def _marked(page: Any, name: str) -> dict[str, float]:
    """Wait for a mark of the page; all of its marks, ms since 1970."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        marks: dict[str, float] = page.evaluate(MARKS)
        if name in marks:
            return marks
        time.sleep(0.01)
    shown = " ".join(page.locator("main").inner_text().split())[:300]
    raise SystemExit(f"no mark {name} within {PATIENCE_S} s on {page.url}: {shown}")


def _ready_after_reload(page: Any) -> float:
    page.reload()
    marks = _marked(page, "virga:editor-ready")
    return float(marks["virga:editor-ready"] - page.evaluate("performance.timeOrigin"))
