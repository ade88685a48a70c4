"""Test events in a real browser against a whole installation: the Test tab, up to Run all."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.axe import violations
from tests.browser.policy import WATCH
from tests.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.bubblewrap, pytest.mark.timeout(300)]

MAKE = """
from console.accounts.models import Account, User
from console.functions import blueprints
from console.functions.services import create_function
blueprint = blueprints.named("hello-world")
create_function(
    account=Account.objects.first(), name="{name}", runtime="python3.12", by=User.objects.first(),
    files=blueprint.files["python"], handler=blueprint.handlers["python"], events=blueprint.events,
)
print("ACCOUNT", Account.objects.first().pk)
"""


@pytest.fixture
def open_tab(
    installation: Installation, browser: Browser, signed_in: StorageState, request
) -> Iterator[object]:
    """A function of its own for each test; opens its Test tab at a size and in a theme."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[-60:].strip("-")
    account = (
        installation.manage("shell", "-c", MAKE.format(name=name)).split("ACCOUNT ")[1].strip()
    )
    contexts, pages = [], []

    def tab(width: int = 1280, theme: str = "light") -> Page:
        context = browser.new_context(
            storage_state=signed_in, viewport={"width": width, "height": 900}, color_scheme=theme
        )
        context.add_init_script(WATCH)
        contexts.append(context)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{installation.url}/{account}/functions/{name}/test/")
        expect(page.locator("#test-tab[data-ready]")).to_be_visible()
        pages.append((page, problems))
        return page

    yield tab
    for page, problems in pages:
        assert problems == []
        assert page.evaluate("window.violations") == []
    for context in contexts:
        context.close()


def choose(page: Page, search: str) -> None:
    page.get_by_role("button", name="Choose…").click()
    page.get_by_label("Search sources").fill(search)
    page.keyboard.press("Enter")


def save(page: Page, name: str) -> None:
    page.get_by_label("Event name").fill(name)
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(page.locator(".te-row[aria-current]")).to_contain_text(name)


def axe(page: Page) -> list[str]:
    """From the top: what the fixed bar half covers would count as too small to touch."""
    page.evaluate("scrollTo(0, 0)")
    return violations(page)


def test_an_event_made_from_a_form_is_saved_and_tested(open_tab):
    page = open_tab()
    expect(page.locator(".te-row")).to_have_text(["hello", "no-name"])
    page.get_by_role("button", name="Create new event").click()
    choose(page, "bucket upload")
    page.get_by_label("Bucket").fill('photos "2026"')
    page.get_by_label("Object key").fill("my cat.jpg")
    body = page.get_by_label("Event JSON")
    expect(body).to_have_value(re.compile(re.escape('photos \\"2026\\"')))
    record = json.loads(body.input_value())["Records"][0]
    assert record["s3"]["object"]["key"] == "my+cat.jpg"
    save(page, "cat-uploaded")
    page.reload()
    expect(page.get_by_label("Bucket")).to_have_value('photos "2026"')
    page.locator(".te-event").get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_role("heading", name="Execution result: succeeded")).to_be_visible()


def test_json_that_is_not_json_is_pointed_at_before_anything_is_lost(open_tab):
    page = open_tab()
    page.get_by_role("button", name="Create new event").click()
    body = page.get_by_label("Event JSON")
    body.fill('{\n  "a": 1,\n}')
    expect(page.locator("#event-body-state")).to_contain_text("line 3, column 1")
    page.get_by_label("Event name").fill("broken")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".te-row")).to_have_count(2)
    assert body.input_value() == '{\n  "a": 1,\n}'
    body.fill('{"n":12345678901234567890,"one":1.0}')
    page.get_by_role("button", name="Format JSON").click()
    assert body.input_value() == '{\n  "n": 12345678901234567890,\n  "one": 1.0\n}'


def test_a_field_replaces_what_was_typed_and_gives_it_back(open_tab):
    page = open_tab()
    page.get_by_role("button", name="Create new event").click()
    body = page.get_by_label("Event JSON")
    expect(body).to_have_value(re.compile("value1"))
    body.fill('{"mine": true}')
    page.get_by_label("key1").fill("changed")
    expect(body).to_have_value(re.compile("changed"))
    page.get_by_role("button", name="Bring mine back").click()
    expect(body).to_have_value('{"mine": true}')


def expect_greeting(page: Page, greeting: str) -> None:
    details = page.locator(".te-expect")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    page.get_by_label("Response contains").fill(json.dumps({"greeting": greeting}))
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".te-event .panel-head")).to_contain_text("Saved")


def test_run_all_says_what_passed_and_shows_expected_and_actual(open_tab):
    page = open_tab()
    expect(page.get_by_role("button", name="Run all")).to_be_disabled()
    expect_greeting(page, "Hello, Ada!")
    page.get_by_role("button", name="no-name").click()
    expect(page.get_by_label("Event name")).to_have_value("no-name")
    expect_greeting(page, "Hello, nobody!")
    page.get_by_role("button", name="Run all").click()
    run = page.locator(".te-run")
    expect(run.get_by_text("1 of 2 passed")).to_be_visible(timeout=20_000)
    failed = run.locator(".te-cases > li").first
    expect(failed).to_contain_text("no-name")
    expect(failed.locator("dd").first).to_have_text('"Hello, nobody!"')
    expect(failed).to_contain_text("$.greeting is")
    expect(page.locator(".te-row").first).to_contain_text("Passed")
    page.reload()
    expect(run.get_by_text("1 of 2 passed")).to_be_visible()
    expect(page.locator(".te-row").nth(1)).to_contain_text("Failed")


def test_a_single_test_is_held_against_the_expectation(open_tab):
    page = open_tab()
    expect_greeting(page, "Good evening!")
    page.locator(".te-event").get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Not as expected: failed")).to_be_visible()
    expect_greeting(page, "Hello, Ada!")
    page.locator(".te-event").get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("As expected: passed")).to_be_visible()


def test_an_old_revision_is_compared_and_brought_back(open_tab):
    page = open_tab()
    body = page.get_by_label("Event JSON")
    before = body.input_value()
    body.fill('{"name": "Grace"}')
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".te-event .panel-head")).to_contain_text("Saved")
    page.get_by_role("button", name="History").click()
    drawer = page.get_by_role("dialog", name="History of hello")
    expect(drawer.locator(".te-added")).to_contain_text("Grace")
    drawer.get_by_role("button", name="Restore").click()
    expect(body).to_have_value(before)


def test_leaving_a_changed_event_asks_first(open_tab):
    page = open_tab()
    page.get_by_label("Event JSON").fill("[]")
    page.get_by_role("button", name="no-name").click()
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Event JSON")).to_have_value("[]")
    page.get_by_role("button", name="no-name").click()
    dialog.get_by_role("button", name="Discard changes").click()
    expect(page.get_by_label("Event name")).to_have_value("no-name")


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (412, "dark")])
def test_the_tab_is_usable_by_everyone(open_tab, width, theme):
    page = open_tab(width, theme)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".te-expect summary").click()
    page.locator(".te-exchange summary").click()
    assert axe(page) == []
    page.locator(".te-exchange summary").click()
    page.get_by_role("button", name="Choose…").click()
    expect(page.locator(".te-source")).not_to_have_count(0)
    assert axe(page) == []
    page.get_by_role("button", name=re.compile("^Object created .put")).click()
    expect(page.get_by_label("Bucket")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
