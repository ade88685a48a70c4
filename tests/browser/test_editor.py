"""The Code tab in a real browser against a whole installation: edit, save, run, compare, deploy."""

import re
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.code_tab import HELLO, SLOW, Code, OpenTab, replace, result, write

pytestmark = [pytest.mark.browser, pytest.mark.bubblewrap, pytest.mark.timeout(300)]

OTHER_TABS = [
    "test/",
    "monitor/",
    "configuration/",
    "configuration/environment/",
    "configuration/tags/",
    "aliases/",
    "versions/",
]


def broken_texts(page: Page) -> None:
    """Put brackets and quotes that match nothing over a selection: in one go as an input
    method does, key by key, and from the clipboard. The page must answer after each.
    """
    for text in ("{not json", '{"a": [1, {"b": "}', "}{", '"'):
        for put in (page.keyboard.insert_text, page.keyboard.type, partial(replace, page)):
            replace(page, '{\n  "key1": "value1",\n  "key2": [1, 2]\n}\n')
            expect(page.locator(".ve-monaco .view-lines")).to_contain_text("value1")
            page.keyboard.press("Control+a")
            put(text)
            page.evaluate("new Promise(requestAnimationFrame)")


def test_what_is_saved_is_there_after_a_reload(open_tab: OpenTab) -> None:
    page = open_tab()
    write(page, "# saved with Ctrl+S\n")
    expect(page.locator(".ve-tabs .ve-dirty")).to_have_count(1)
    page.keyboard.press("Control+s")
    expect(page.locator(".ve-tabs .ve-dirty")).to_have_count(0)
    expect(page.get_by_role("button", name="Changes not deployed").first).to_be_visible()
    page.reload()
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("saved with Ctrl+S")


def test_unsaved_changes_are_warned_about_and_brought_back(open_tab: OpenTab) -> None:
    page = open_tab()
    write(page, "# not saved\n")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("# not saved")
    expect(page.locator(".ve-tabs .ve-dirty")).to_have_count(1)


def test_closing_a_changed_file_asks_first(open_tab: OpenTab) -> None:
    page = open_tab()
    write(page, "# hm\n")
    page.keyboard.press("Alt+w")
    expect(page.get_by_role("dialog")).to_contain_text("Save app.py?")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".ve-tabs .ve-dirty")).to_have_count(1)


def test_control_enter_saves_and_runs_the_draft(open_tab: OpenTab, code: Code) -> None:
    page = open_tab()
    write(page, "\n\nprint('loaded', '<b>bold</b> \\x1b[31m')\n")
    page.keyboard.press("Control+Enter")
    result(page, "succeeded")
    panel = page.locator(".vr-panel")
    expect(panel.locator(".vr-badge")).to_have_text("draft")
    expect(panel.locator(".vr-log")).to_contain_text("hello from the sandbox")
    # Data, not HTML and not terminal control.
    expect(panel.locator(".vr-log")).to_contain_text("<b>bold</b> \u241b[31m")
    expect(panel.locator(".vr-log")).to_contain_text(re.compile(r"START RequestId: .*\n"))
    expect(panel.locator(".vr-log")).to_contain_text(re.compile(r"REPORT RequestId: .*Duration: "))
    expect(panel.locator(".vr-response")).to_contain_text('"statusCode": 200')
    expect(panel.locator(".vr-summary")).to_contain_text("Cold start")
    expect(page.locator(".ve-tabs .ve-dirty")).to_have_count(0)
    expect(page.get_by_role("button", name="Changes not deployed").first).to_be_visible()


@pytest.mark.files({"app.py": SLOW})
def test_log_lines_show_while_it_runs_and_stop_stops_it(open_tab: OpenTab) -> None:
    page = open_tab()
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".vr-panel .vr-log")).to_contain_text("tick 1")
    expect(page.locator(".vr-title")).to_have_text("Running…")
    page.locator(".vr-stop").click()
    expect(page.locator(".vr-title")).to_have_text(re.compile("Execution result: (stopped|failed)"))


@pytest.mark.files({"app.py": SLOW.replace("50", "20")})
def test_a_page_opened_again_in_mid_run_catches_up(open_tab: OpenTab) -> None:
    page = open_tab()
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".vr-panel .vr-log")).to_contain_text("tick 2")
    page.reload()
    expect(page.locator(".vr-panel .vr-log")).to_contain_text("tick 0")
    result(page, "succeeded")
    expect(page.locator(".vr-panel .vr-log")).to_contain_text("tick 19")


def test_an_exception_is_shown_with_its_trace(open_tab: OpenTab) -> None:
    page = open_tab()
    replace(page, "def handler(event, context):\n    raise ValueError('no <i>way</i>')\n")
    page.keyboard.press("Control+Enter")
    result(page, "failed")
    expect(page.locator(".vr-error")).to_contain_text("ValueError: no <i>way</i>")
    expect(page.locator(".vr-trace")).to_contain_text('File "/var/task/app.py", line 2')


def test_an_event_that_is_not_json_is_refused_beside_its_text(open_tab: OpenTab) -> None:
    page = open_tab()
    page.get_by_role("button", name="New test event", exact=True).click()
    expect(page.locator(".ve-crumbs")).to_contain_text("Unsaved event")
    replace(page, "{not json")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".ve-notice-error")).to_contain_text("The event is not JSON")
    replace(page, '{"big":12345678901234567890}')
    page.get_by_role("button", name="Format JSON").click()
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text('"big": 12345678901234567890')


def test_broken_text_over_a_selection_leaves_the_page_responsive(open_tab: OpenTab) -> None:
    page = open_tab()
    broken_texts(page)
    page.get_by_role("button", name="New test event", exact=True).click()
    expect(page.locator(".ve-crumbs")).to_contain_text("Unsaved event")
    broken_texts(page)
    expect(page.locator(".ve-monaco .squiggly-error").first).to_be_attached()


def test_of_two_who_save_a_file_the_second_is_shown_the_difference(
    open_tab: OpenTab, code: Code
) -> None:
    page = open_tab()
    write(page, "# mine\n")
    code.save_as_somebody_else(HELLO + "# theirs\n")
    expect(page.locator(".ve-notice-warning")).to_contain_text("saved elsewhere")
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("app.py was changed meanwhile")
    expect(dialog.locator(".view-lines").first).to_contain_text("# theirs")
    dialog.get_by_role("button", name="Take theirs").click()
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("# theirs")
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+z")
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("# mine")
    expect(page.locator(".ve-tabs .ve-dirty")).to_have_count(1)


def test_keep_mine_saves_over_theirs_and_runs(open_tab: OpenTab, code: Code) -> None:
    page = open_tab()
    write(page, "# mine\n")
    code.save_as_somebody_else(HELLO + "# theirs\n")
    expect(page.locator(".ve-notice-warning")).to_be_visible()
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Keep mine").click()
    result(page, "succeeded")
    page.reload()
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("# mine")


def test_a_clean_file_follows_what_somebody_else_saves(open_tab: OpenTab, code: Code) -> None:
    page = open_tab()
    code.save_as_somebody_else(HELLO + "# theirs\n")
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("# theirs")
    expect(page.locator(".ve-tabs .ve-dirty")).to_have_count(0)


def test_find_in_files_opens_the_line(open_tab: OpenTab) -> None:
    page = open_tab()
    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("bonjour")
    expect(page.locator(".ve-search")).to_contain_text("1 result in 1 file")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".ve-crumbs")).to_contain_text("texts.py")
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("GREETING")


def test_the_draft_is_compared_with_what_is_deployed_and_deployed(open_tab: OpenTab) -> None:
    page = open_tab()
    write(page, "# new line\n")
    page.keyboard.press("Control+s")
    page.locator(".ve-badge").click()
    page.locator(".ve-changes button", has_text="app.py").click()
    expect(page.locator(".ve-diff .line-insert").first).to_be_visible()
    page.keyboard.press("Control+Shift+U")
    expect(page.locator(".ve-notice-success")).to_contain_text("Successfully updated the function")
    expect(page.locator(".ve-badge")).to_be_hidden()


def test_files_are_made_renamed_and_deleted_by_key(open_tab: OpenTab) -> None:
    page = open_tab()
    page.get_by_role("button", name="New file").click()
    page.keyboard.type("made/here.py")
    page.keyboard.press("Enter")
    expect(page.locator(".ve-crumbs")).to_contain_text("here.py")
    page.keyboard.press("Control+Shift+E")
    page.keyboard.press("F2")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("made/there.py")
    page.keyboard.press("Enter")
    expect(page.get_by_role("treeitem", name="there.py")).to_be_visible()
    page.keyboard.press("Control+Shift+E")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("treeitem", name="there.py")).to_have_count(0)


def test_a_file_that_is_not_text_says_so_and_can_be_downloaded(open_tab: OpenTab) -> None:
    page = open_tab()
    page.get_by_role("treeitem", name="logo.png").click()
    expect(page.locator(".ve-other .ve-welcome")).to_contain_text("not text")
    with page.expect_download() as download:
        page.locator(".ve-other").get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "logo.png"
    assert download.value.path().read_bytes() == b"\x89PNG\x00\x01"


def test_everything_can_be_done_by_key(open_tab: OpenTab) -> None:
    page = open_tab()
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+p")
    page.keyboard.type("texts")
    page.keyboard.press("Enter")
    expect(page.locator(".ve-crumbs")).to_contain_text("texts.py")
    page.keyboard.press("F1")
    expect(page.locator(".quick-input-widget")).to_be_visible()
    page.keyboard.type("Virga: Show the execution")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+b")
    expect(page.locator(".ve-side")).to_be_hidden()
    page.keyboard.press("Control+b")
    expect(page.locator(".ve-side")).to_be_visible()
    page.keyboard.press("Control+,")
    expect(page.get_by_role("dialog", name="Preferences")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+m")
    page.keyboard.press("Tab")
    outside = "!document.querySelector('.ve-monaco').contains(document.activeElement)"
    assert page.evaluate(outside)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 412])
def test_axe_finds_nothing_wrong(open_tab: OpenTab, code: Code, width: int, theme: str) -> None:
    page = open_tab(width, theme)
    assert violations(page) == []
    write(page, "\n\nraise RuntimeError('at import')\n")
    page.keyboard.press("Control+Enter")
    result(page, "failed")
    assert violations(page) == []
    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("json")
    expect(page.locator(".ve-results button").first).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for tab in OTHER_TABS:
        page.goto(f"{code.url}{tab}")
        expect(page.locator("nav[aria-label=Function] [aria-current=page]")).to_be_visible()
        assert (tab, violations(page)) == (tab, [])
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab
