"""The path of every day, as a person walks it, on each backend.

Sign in by the link that the terminal shows, make a function with a
dependency from its blueprint, run its test event, see the installation, the
log and the result, change a line, run again, deploy.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import needs
from tests.browser.conftest import FLAGS
from tests.installation import Installation, running_installation

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
PATIENCE_MS = 120_000
LANGUAGES = {"python": ("python3.11", "lambda_function.py"), "node": ("nodejs22.x", "index.js")}
PUNCTUATION = {"python": 'print("a changed line")', "node": 'console.log("a changed line");'}


@pytest.fixture(scope="module", params=["bubblewrap", "docker"])
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Installation]]:
    needs.require("chromium", request.param)
    home = tmp_path_factory.mktemp(request.param) / "home"
    with running_installation(home, {"VIRGA_BACKENDS": request.param}) as it:
        yield request.param, it


@pytest.fixture(scope="module")
def page(backend: tuple[str, Installation]) -> Iterator[Page]:
    """A browser of its own: two of Playwright's loops can't be open at once."""
    _, it = backend
    shown = re.search(r"https?://\S+/link/\S+", it.output)
    assert shown
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.goto(shown.group())
        page.get_by_role("button", name=re.compile("Sign in")).click()
        expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
        yield page
        chromium.close()


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_function_with_a_dependency_is_written_run_changed_and_deployed(
    page: Page, backend: tuple[str, Installation], language: str
) -> None:
    name, it = backend
    runtime, file = LANGUAGES[language]
    page.goto(f"{it.url}/")
    page.get_by_role("link", name=re.compile("Function with a dependency")).click()
    page.get_by_label("Function name").fill(f"report-{language}")
    page.get_by_label("Runtime").select_option(runtime)
    page.get_by_role("button", name="Create function").click()
    editor = page.locator("virga-editor")
    expect(editor.locator(".monaco-editor").first).to_be_visible()
    expect(editor).to_contain_text(file)

    page.locator(".monaco-editor .view-lines").first.click()
    page.keyboard.press("Control+Enter")
    expect(editor).to_contain_text("Execution result: succeeded", timeout=PATIENCE_MS)
    expect(editor).to_contain_text("REPORT RequestId:")
    assert f"{name}" in editor.inner_text()

    page.locator(".monaco-editor .view-lines").first.click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(PUNCTUATION[language])
    page.keyboard.press("Control+Enter")
    expect(editor).to_contain_text("a changed line\n", timeout=PATIENCE_MS)
    badge = page.get_by_role("toolbar", name="Editor").get_by_text("Changes not deployed")
    expect(badge).to_be_visible()

    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_text("Successfully updated the function")).to_be_visible()
    expect(badge).to_be_hidden()


def test_every_run_is_kept_with_who_ran_it(page: Page, backend: tuple[str, Installation]) -> None:
    _, it = backend
    page.goto(f"{it.url}/")
    page.get_by_role("link", name="report-python").first.click()
    page.get_by_role("link", name="Monitor").click()
    rows = page.get_by_role("row").filter(has_text="admin")
    expect(rows.first).to_be_visible()
    assert rows.count() >= 2
