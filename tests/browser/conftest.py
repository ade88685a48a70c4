"""A whole installation, Chromium, and somebody signed in."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from tests import needs
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


@pytest.fixture(scope="module")
def signed_in(installation: Installation, browser: Browser) -> StorageState:
    """The cookies of the first administrator."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(installation.sign_in_link())
    page.get_by_role("button", name=re.compile("Sign in")).click()
    expect(page.locator(".topbar")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state
