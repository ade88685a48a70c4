"""Signing in, people and the look of the console, in Chromium against a whole installation."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.axe import violations
from tests.browser.policy import WATCH
from tests.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.bubblewrap, pytest.mark.timeout(300)]

PAGES = ["", "members/", "audit/", "settings/", "search?q=a", "nothing-here/"]
LOOKS = [("light", 1280), ("dark", 1280), ("light", 412), ("dark", 412)]


@pytest.fixture
def look(browser: Browser) -> Iterator[Any]:
    """A page in the wanted colours and width; nothing may have broken the policy in the end."""
    opened: list[Page] = []

    def open_page(scheme: str = "light", width: int = 1280, state: Any = None) -> Page:
        context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": width, "height": 900},
            storage_state=state,
        )
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(15_000)
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        assert page.evaluate("window.violations") == []
        page.context.close()


def account_of(page: Page) -> str:
    found = re.search(r"/(\d{12})/", page.url)
    assert found, page.url
    return found.group(1)


def spills(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_a_link_signs_in_by_a_press_and_only_once(installation: Installation, look: Any) -> None:
    link = installation.sign_in_link()
    page = look()
    page.goto(link)
    page.get_by_role("button", name="Sign in as admin").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    again = look()
    again.goto(link)
    expect(again.get_by_text("This link was used already")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_sign_in_page_is_open_to_all(
    installation: Installation, look: Any, scheme: str, width: int
) -> None:
    page = look(scheme, width)
    page.goto(f"{installation.url}/auth/login/")
    assert violations(page) == []
    assert spills(page) <= 0


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page_is_open_to_all_and_fits(
    installation: Installation, signed_in: StorageState, look: Any, scheme: str, width: int
) -> None:
    page = look(scheme, width, signed_in)
    page.goto(installation.url)
    root = f"{installation.url}/{account_of(page)}/"
    for path in [*PAGES, "../accounts/", "../profile/"]:
        page.goto(root + path)
        assert (path, violations(page)) == (path, [])
        assert (path, spills(page)) <= (path, 0)
        assert page.evaluate("window.violations") == []


def test_the_open_menus_are_open_to_all(
    installation: Installation, signed_in: StorageState, look: Any
) -> None:
    for scheme in ("light", "dark"):
        page = look(scheme, 1280, signed_in)
        page.goto(installation.url)
        for name in (re.compile("Switch account"), "Colours", re.compile("your menu")):
            page.get_by_role("button", name=name).click()
            assert violations(page) == []
            page.keyboard.press("Escape")


def test_on_a_phone_the_navigation_slides_in(
    installation: Installation, signed_in: StorageState, look: Any
) -> None:
    page = look("light", 412, signed_in)
    page.goto(installation.url)
    members = page.get_by_role("link", name="Members")
    expect(members).not_to_be_visible()
    page.get_by_role("button", name="Open navigation").click()
    expect(members).to_be_visible()
    members.click()
    expect(page.get_by_role("heading", name="Members", exact=True)).to_be_visible()


def test_the_chosen_colours_stay_and_need_no_reload(
    installation: Installation, signed_in: StorageState, look: Any
) -> None:
    page = look("light", 1280, signed_in)
    page.goto(installation.url)
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Colours").click()
    page.get_by_role("button", name="Dark").click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")


def test_the_keyboard_reaches_the_content_and_the_search(
    installation: Installation, signed_in: StorageState, look: Any
) -> None:
    page = look("light", 1280, signed_in)
    page.goto(installation.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search functions")).to_be_focused()
    page.keyboard.type("no-such-name")
    expect(page.locator("#search-results")).to_contain_text("No function’s name has")


def test_an_invited_person_joins_and_loses_everything_when_removed(
    installation: Installation, signed_in: StorageState, look: Any
) -> None:
    admin = look("light", 1280, signed_in)
    admin.goto(installation.url)
    root = f"{installation.url}/{account_of(admin)}/"
    admin.goto(root + "members/")
    admin.get_by_label("Note").fill("for Dora")
    admin.get_by_role("button", name="Make invitation link").click()
    invitation = admin.get_by_label("The link").input_value()

    dora = look()
    dora.goto(invitation)
    dora.get_by_label("Name").fill("dora")
    dora.get_by_label("Password").fill("long-enough-for-dora")
    dora.get_by_role("button", name="Join").click()
    expect(dora.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(dora.get_by_role("link", name="Members")).to_have_count(0)

    admin.goto(root + "members/")
    admin.get_by_role("button", name="Remove dora").click()
    dialog = admin.get_by_role("dialog")
    expect(dialog).to_contain_text("dora loses access to this account at once")
    assert violations(admin) == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(admin.get_by_role("button", name="Remove dora")).to_be_visible()
    admin.get_by_role("button", name="Remove dora").click()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(admin.get_by_text("dora is no longer a member.")).to_be_visible()

    dora.goto(root)
    expect(dora.get_by_text("There is no such account, or you are not a member")).to_be_visible()
    dora.goto(f"{installation.url}/auth/logout/")
    dora.get_by_role("button", name="Sign out").click()
    dora.get_by_label("Name").fill("dora")
    dora.get_by_label("Password").fill("long-enough-for-dora")
    dora.get_by_role("button", name="Sign in").click()
    expect(dora.get_by_text("You are in no account yet")).to_be_visible()

    admin.goto(root + "audit/?action=member.remove")
    expect(admin.get_by_role("row").filter(has_text="member.remove")).to_have_count(1)


def test_who_came_by_link_chooses_a_password_and_signs_in_with_it(
    installation: Installation, look: Any
) -> None:
    page = look()
    page.goto(installation.sign_in_link())
    page.get_by_role("button", name="Sign in as admin").click()
    page.get_by_role("link", name="Choose a password").click()
    page.get_by_label("Password", exact=True).fill("rain-that-never-lands")
    page.get_by_label("Password (again)").fill("rain-that-never-lands")
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_text("Your password is saved.")).to_be_visible()
    page.get_by_role("button", name=re.compile("your menu")).click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{installation.url}/auth/login/")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill("rain-that-never-lands")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page.get_by_text("have no password yet")).to_have_count(0)
