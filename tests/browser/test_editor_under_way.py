"""The Code tab when others, the network or a program misbehave, and for those who may do less."""

import re

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.code_tab import SLOW, OpenTab, result, write

pytestmark = [pytest.mark.browser, pytest.mark.bubblewrap, pytest.mark.timeout(300)]

LOUD = """def handler(event, context):
    for count in range(20_000):
        print(f"{count:06} " + "x" * 94)
    return "said"
"""
LONGEST_TASK = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
  }).observe({ type: "longtask" });
}"""


def test_a_second_tab_of_the_same_person_follows_what_the_first_saves(open_tab: OpenTab) -> None:
    first, second = open_tab(), open_tab()
    write(first, "# from the first\n")
    first.keyboard.press("Control+s")
    expect(second.locator(".ve-monaco .view-lines")).to_contain_text("# from the first")
    expect(second.locator(".ve-tabs .ve-dirty")).to_have_count(0)
    expect(first.locator(".ve-notice")).to_have_count(0)


@pytest.mark.files({"app.py": LOUD})
def test_a_log_of_two_megabytes_leaves_the_page_responsive(open_tab: OpenTab) -> None:
    page = open_tab()
    page.evaluate(LONGEST_TASK)
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+Enter")
    result(page, "succeeded")
    expect(page.locator(".vr-panel .vr-log")).to_contain_text("019999 xxx")
    write(page, "# still here\n")
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("# still here")
    assert page.evaluate("window.longest") < 1000


@pytest.mark.files({"app.py": SLOW.replace("50", "20")})
def test_a_lost_connection_comes_back_and_misses_nothing(open_tab: OpenTab) -> None:
    page = open_tab()
    sockets: list[WebSocketRoute] = []

    def relay(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket(re.compile("/ws/"), relay)
    page.reload()
    expect(page.locator("virga-editor[data-ready]")).to_be_visible()
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+Enter")
    log = page.locator(".vr-panel .vr-log")
    expect(log).to_contain_text("tick 2")
    sockets[-1].close()
    result(page, "succeeded")
    said = [line for line in log.inner_text().splitlines() if line.startswith("tick")]
    assert said == [f"tick {count}" for count in range(20)]
    assert len(sockets) == 2


def test_a_file_dragged_in_is_uploaded(open_tab: OpenTab) -> None:
    page = open_tab()
    carried = page.evaluate_handle(
        """() => {
          const carried = new DataTransfer();
          carried.items.add(new File(["DROPPED = 1\\n"], "dropped.py"));
          return carried;
        }"""
    )
    page.get_by_role("tree").dispatch_event("drop", {"dataTransfer": carried})
    page.get_by_role("treeitem", name="dropped.py").click()
    expect(page.locator(".ve-monaco .view-lines")).to_contain_text("DROPPED = 1")


@pytest.mark.parametrize("role", ["viewer", "invoker"])
def test_who_may_not_edit_reads_only(open_tab: OpenTab, role: str) -> None:
    page = open_tab(role=role)
    expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Deploy", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="New file")).to_have_count(0)
    write(page, "# never\n")
    expect(page.locator(".ve-monaco .view-lines")).not_to_contain_text("# never")
    test = page.locator(".ve-test")
    if role == "viewer":
        expect(test).to_have_count(0)
    else:
        test.click()
        result(page, "succeeded")
