"""A whole installation, Chromium, and somebody signed in."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests import needs
from tests.browser.code_tab import FILES, MAKE, Code, OpenTab, name_of
from tests.browser.policy import WATCH
from tests.installation import Installation, running_installation

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Virga with bubblewrap, started once for all browser tests."""
    needs.require("chromium", "bubblewrap")
    home = tmp_path_factory.mktemp("browser") / "home"
    with running_installation(home, {"VIRGA_BACKENDS": "bubblewrap"}) as it:
        yield it


# Of a module and not of the session: two of Playwright's loops can't be open at once,
# and a module may have a browser of its own.
@pytest.fixture(scope="module")
def browser(installation: Installation) -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        chromium.close()


def sign_in(browser: Browser, link: str) -> StorageState:
    """The cookies of whom a one-time link signs in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name=re.compile("Sign in")).click()
    expect(page.locator(".topbar")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def signed_in(installation: Installation, browser: Browser) -> StorageState:
    """The cookies of the first administrator."""
    return sign_in(browser, installation.sign_in_link())


@pytest.fixture(scope="module")
def functions(
    installation: Installation,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A function for every test of this module, made in one go; where they are."""
    wanted = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module is request.module:
            marked = item.get_closest_marker("files")
            wanted[name_of(item)] = marked.args[0] if marked else FILES
    listed = tmp_path_factory.mktemp("editor") / "wanted.json"
    listed.write_text(json.dumps(wanted))
    printed = installation.manage("shell", "-c", MAKE.format(wanted=str(listed)))
    return f"{installation.url}/{printed.split('ACCOUNT ')[1].strip()}/functions"


@pytest.fixture
def code(installation: Installation, functions: str, request: pytest.FixtureRequest) -> Code:
    name = name_of(request.node)
    return Code(installation, name, f"{functions}/{name}/")


@pytest.fixture
def open_tab(code: Code, browser: Browser, signed_in: StorageState) -> Iterator[OpenTab]:
    """Opens the Code tab at a size, in a theme, as a role; nothing may break or violate CSP."""
    contexts, pages = [], []

    def tab(width: int = 1280, theme: str = "light", role: str = "") -> Page:
        state = sign_in(browser, code.link_of_member(role)) if role else signed_in
        context = browser.new_context(
            storage_state=state,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.add_init_script(WATCH)
        contexts.append(context)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(f"{error.message}\n{error.stack}"))
        page.goto(code.url)
        expect(page.locator("virga-editor[data-ready]")).to_be_visible()
        pages.append((page, problems))
        return page

    yield tab
    for page, problems in pages:
        assert problems == []
        assert page.evaluate("window.violations") == []
    for context in contexts:
        context.close()
