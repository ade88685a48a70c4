"""The dashboard: what to do first, what ran, what failed, what serves."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from console.accounts.models import Account
from console.functions import blueprints
from console.functions.models import Function, FunctionVersion
from editor.models import Workspace
from runner import admission, nodes
from runner.models import FrozenSpec, Invocation
from tests.factories import make_account
from tests.runners import Runners

PYTHON = {
    "language": "python",
    "version": "3.11.2",
    "path": "/opt/py/bin/python",
    "home": "/opt/py",
}
NODE = {"language": "node", "version": "24.1.0", "path": "/opt/node", "home": ""}
DOCKER = {"name": "docker", "problem": "", "interpreters": [PYTHON, NODE]}
BUBBLEWRAP = {"name": "bubblewrap", "problem": "", "interpreters": [PYTHON]}
READY = {"state": "ready", "percent": 100, "step": ""}


@pytest.fixture(autouse=True)
def say(runners: Runners) -> Iterator[Any]:
    """Be a runner: say what it has. Nothing is remembered from test to test."""
    runners.close()  # one that served earlier tests would say what it has, too

    def beat(**about: Any) -> None:
        document = {"backends": [BUBBLEWRAP], "images": READY, "problem": ""}
        document |= {"running": 1, "warm": 2, "prepared": 3, **about}
        nodes.beat("test-runner", document)
        nodes._seen = (-1e9, {})

    nodes.leave("test-runner")
    nodes._seen = (-1e9, {})
    yield beat
    nodes.leave("test-runner")
    nodes._seen = (-1e9, {})


def make_function(account: Account, name: str = "orders") -> Function:
    draft = Workspace.objects.create(account=account, name=name)
    function = Function.objects.create(account=account, name=name, draft=draft)
    FunctionVersion.objects.create(
        function=function, version="$LATEST", runtime="python3.12", handler="a.b", code="0" * 64
    )
    return function


def make_run(account: Account, name: str = "orders", **about: Any) -> Invocation:
    spec, _ = FrozenSpec.objects.get_or_create(
        digest=f"spec-{account.pk}", account_id=account.pk, document={}
    )
    values = {
        "state": "succeeded",
        "created_at": timezone.now(),
        "caller": "user:alice",
        "version": "$LATEST",
        "qualifier": "$LATEST",
        "invocation_type": "RequestResponse",
        "memory_mb": 128,
        **about,
    }
    return Invocation.objects.create(
        account_id=account.pk,
        function_arn=f"arn:aws:lambda:us-east-1:{account.pk}:function:{name}",
        spec=spec,
        **values,
    )


def text_of(client: Any, address: str = "/111122223333/", **options: Any) -> str:
    answer = client.get(address, **options)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_account_shows_every_blueprint_to_start_from(developer):
    page = text_of(developer)
    assert "Write your first function" in page
    for blueprint in blueprints.every():
        assert f"functions/create/?way=blueprint&amp;blueprint={blueprint.name}" in page


def test_a_viewer_is_told_why_there_is_nothing_to_press(viewer):
    page = text_of(viewer)
    assert "functions/create/" not in page
    assert "Ask an administrator to make you a developer" in page


def test_functions_and_runs_are_shown_with_a_link_to_each(account, developer):
    make_function(account)
    run = make_run(account)
    page = text_of(developer)
    assert 'href="/111122223333/functions/orders/"' in page
    assert f'href="/111122223333/functions/orders/monitor/{run.request_id}/"' in page
    assert "Nothing did." in page


def test_what_failed_is_counted_by_function_and_error(account, developer):
    make_function(account)
    for minutes in (5, 1):
        make_run(
            account,
            state="failed",
            error_type="Sandbox.Timedout",
            created_at=timezone.now() - timedelta(minutes=minutes),
        )
    make_run(account, state="lost")
    page = text_of(developer)
    assert "Sandbox.Timedout" in page
    assert "2 times" in page
    assert "It did not end" in page


def test_what_failed_yesterday_is_no_longer_shown(account, developer):
    make_function(account)
    make_run(
        account,
        state="failed",
        error_type="Old.Trouble",
        created_at=timezone.now() - timedelta(hours=25),
    )
    assert "Old.Trouble" not in text_of(developer).split("Recent runs")[0]


def test_nothing_of_another_account_is_shown(account, developer):
    other = make_account(id="999988887777", name="Other")
    make_function(other, "secret-work")
    make_run(other, "secret-work", state="failed", error_type="Secret.Error")
    make_function(account)
    page = text_of(developer)
    assert "secret-work" not in page
    assert "Secret.Error" not in page
    assert "secret-work" not in text_of(developer, "/111122223333/search?q=secret")


def test_without_a_runner_the_page_says_what_to_start(developer):
    assert "No runner is running: start it with make run." in text_of(developer)


def test_without_a_queue_the_page_says_so_and_shows_the_rest(account, developer, settings):
    make_function(account)
    before, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/valkey.sock"
    admission._local.__dict__.clear()
    try:
        page = text_of(developer)
    finally:
        settings.REDIS_URL = before
        admission._local.__dict__.clear()
    assert "The queue does not answer" in page
    assert "orders" in page


def test_what_serves_is_named(say, developer):
    say(backends=[DOCKER, BUBBLEWRAP])
    page = text_of(developer)
    assert "docker" in page
    assert "Python 3.11 · Node.js 24" in page
    assert "/opt/py" not in page
    assert "hx-trigger" not in text_of(developer, "/111122223333/node/")


def test_while_images_are_built_the_strip_asks_again_and_says_who_serves_meanwhile(say, developer):
    building = {"state": "building", "percent": 40, "step": "Installing packages"}
    say(backends=[{**DOCKER, "problem": "no images"}, BUBBLEWRAP], images=building)
    strip = text_of(developer, "/111122223333/node/")
    assert 'hx-trigger="every 2s"' in strip
    assert 'value="40"' in strip
    assert "meanwhile bubblewrap serves" in strip
    assert "Installing packages" in strip


def test_a_missing_backend_is_a_sentence_with_the_command(say, developer):
    missing = {**DOCKER, "problem": "Docker is not installed: apt-get install docker.io"}
    say(backends=[missing, BUBBLEWRAP])
    assert "apt-get install docker.io" in text_of(developer)


def test_with_nothing_to_isolate_with_the_page_says_so(say, developer):
    problem = "Neither Docker nor bubblewrap is usable: apt-get install bubblewrap"
    say(backends=[], problem=problem)
    page = text_of(developer)
    assert "Functions cannot run just now." in page
    assert "apt-get install bubblewrap" in page


def test_the_search_finds_functions_by_every_word(account, developer):
    for name in ("orders-webhook", "orders-report", "hello"):
        make_function(account, name)
    found = text_of(developer, "/111122223333/search?q=orders+web", headers={"HX-Request": "true"})
    assert "orders-webhook" in found
    assert "orders-report" not in found
    assert "<html" not in found


def test_a_search_without_scripts_is_a_page(account, developer):
    make_function(account, "orders")
    page = text_of(developer, "/111122223333/search?q=ord")
    assert "<html" in page
    assert 'href="/111122223333/functions/orders/"' in page


def test_what_is_searched_for_is_text(developer):
    page = text_of(developer, "/111122223333/search?q=<script>alert(1)</script>")
    assert "<script>alert(1)" not in page


def test_the_dashboard_asks_the_same_number_of_questions_for_one_run_and_for_fifty(
    account, developer, django_assert_max_num_queries
):
    make_function(account)
    for _ in range(50):
        make_run(account)
    with django_assert_max_num_queries(14):
        text_of(developer)
