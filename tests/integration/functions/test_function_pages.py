"""Pages of functions as a person gets them."""

import pytest

from console.accounts.roles import Role
from console.functions import services
from console.functions.models import Function

ROOT = "/111122223333/functions/"


@pytest.mark.parametrize(
    "tab",
    [
        "",
        "test/",
        "monitor/",
        "configuration/",
        "configuration/environment/",
        "configuration/tags/",
        "aliases/",
        "versions/",
        "duplicate/",
        "delete/",
    ],
)
def test_every_tab_shows_the_function(visitor, function, tab) -> None:
    answer = visitor.get(f"{ROOT}rain/{tab}")
    assert answer.status_code == 200
    assert "arn:aws:lambda:us-east-1:111122223333:function:rain" in answer.content.decode()


def test_an_empty_list_shows_what_to_do_first(visitor, living_runner) -> None:
    assert "Start with hello world" in visitor.get(ROOT).content.decode()


def test_the_list_finds_by_name_and_goes_on_after_fifty(visitor, account, alice, function) -> None:
    for number in range(55):
        services.duplicate_function(function=function, name=f"drop-{number:02}", by=alice)
    first = visitor.get(ROOT).content.decode()
    assert "drop-00" in first
    assert "drop-54" not in first
    assert "drop-54" in visitor.get(ROOT + "?page=2").content.decode()
    found = visitor.get(ROOT + "?q=drop-5", headers={"HX-Request": "true"}).content.decode()
    assert "drop-51" in found
    assert "drop-41" not in found
    assert "<html" not in found


def test_the_create_page_offers_what_runs_here_and_every_blueprint(visitor, living_runner) -> None:
    scratch = visitor.get(ROOT + "create/").content.decode()
    assert "runs on Python 3.11.2" in scratch
    gallery = visitor.get(ROOT + "create/?way=blueprint").content.decode()
    assert "Queue consumer" in gallery


def test_a_function_may_be_called_create(visitor, account, alice, living_runner) -> None:
    services.create_function(
        account=account, name="create", runtime="python3.11", files={"a.py": b""}, by=alice
    )
    address = visitor.get(ROOT).content.decode()
    assert f'href="{ROOT}create/code/"' in address
    assert visitor.get(ROOT + "create/code/").status_code == 200
    assert "Author from scratch" in visitor.get(ROOT + "create/").content.decode()


def test_creating_from_the_form_leads_to_the_code(visitor, living_runner) -> None:
    answer = visitor.post(
        ROOT + "create/",
        {"way": "blueprint", "blueprint": "http-proxy", "name": "api", "runtime": "nodejs22.x"},
    )
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == ROOT + "api/"
    assert Function.objects.get().draft.files.get().path == "index.mjs"


def test_a_taken_name_is_shown_at_its_field(visitor, function) -> None:
    answer = visitor.post(
        ROOT + "create/", {"way": "scratch", "name": "rain", "runtime": "python3.11"}
    )
    assert answer.status_code == 400
    assert "There is a function rain already" in answer.content.decode()


def test_a_stranger_learns_nothing(client, charlie, function) -> None:
    client.force_login(charlie)
    assert client.get(ROOT + "rain/").status_code == 404
    assert client.get(ROOT + "no-such/").status_code == 404


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.VIEWER, "rain/", 200),
        (Role.VIEWER, "create/", 403),
        (Role.INVOKER, "create/", 403),
        (Role.DEVELOPER, "create/", 200),
        (Role.DEVELOPER, "rain/delete/", 403),
        (Role.DEPLOYER, "rain/delete/", 200),
    ],
)
def test_pages_ask_for_the_role(client, member, function, role, path, status) -> None:
    client.force_login(member(role))
    assert client.get(ROOT + path).status_code == status


@pytest.mark.parametrize(
    ("role", "path", "allowed"),
    [
        (Role.DEVELOPER, "deploy/", False),
        (Role.DEPLOYER, "deploy/", True),
        (Role.DEVELOPER, "versions/", False),
        (Role.DEVELOPER, "configuration/tags/", False),
        (Role.DEVELOPER, "configuration/environment/reveal/", False),
    ],
)
def test_changes_ask_for_the_role(client, member, function, role, path, allowed) -> None:
    client.force_login(member(role))
    status = client.post(ROOT + "rain/" + path).status_code
    assert (status != 403) is allowed


def test_deleting_asks_for_the_name(visitor, function) -> None:
    assert visitor.post(ROOT + "rain/delete/", {"name": "snow"}).status_code == 400
    assert Function.objects.exists()
    assert visitor.post(ROOT + "rain/delete/", {"name": "rain"}).status_code == 302
    assert not Function.objects.exists()
