"""The editor's JSON API."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from console.accounts.roles import Role
from tests import factories


@pytest.fixture
def api(client, alice, workspace):
    return Api(client, alice, workspace)


class Api:
    def __init__(self, client, person, workspace) -> None:
        self.client = client
        self.client.force_login(person)
        self.base = f"/{workspace.account_id}/workspaces/{workspace.pk}/"

    def get(self, place: str, /, **query):
        return self.client.get(self.base + place, query, headers={"Accept": "application/json"})

    def post(self, path: str, body):
        return self.client.post(self.base + path, json.dumps(body), content_type="application/json")


def test_files_and_a_file_are_read(api) -> None:
    listing = api.get("files/").json()
    assert listing["revision"] == 1
    assert listing["files"][0] == {
        "path": "app.py",
        "size": 9,
        "revision": 1,
        "executable": False,
        "text": True,
    }
    assert api.get("file/", path="app.py").json()["content"] == "print(1)\n"


def test_a_save_answers_the_new_bases(api) -> None:
    change = {"path": "app.py", "content": "print(2)\n", "base": 1}
    assert api.post("save/", {"changes": [change]}).json() == {
        "revision": 2,
        "files": [{"path": "app.py", "revision": 2}],
    }


def test_a_conflict_answers_409_with_what_is_there(api) -> None:
    change = {"path": "app.py", "content": "print(2)\n", "base": 1}
    api.post("save/", {"changes": [change]})
    answer = api.post("save/", {"changes": [change | {"content": "print(3)\n"}]})
    assert answer.status_code == 409
    (conflict,) = answer.json()["conflicts"]
    assert conflict["content"] == "print(2)\n"
    assert conflict["revision"] == 2
    assert conflict["saved_by"] == "alice"


def test_files_are_created_renamed_deleted_and_uploaded(api) -> None:
    assert api.post("create/", {"path": "n.py", "content": "x"}).json()["revision"] == 2
    assert api.post("rename/", {"from": "lib", "to": "src"}).json()["revision"] == 3
    listing = api.post("delete/", {"path": "n.py"}).json()
    assert [file["path"] for file in listing["files"]] == ["app.py", "src/a.py", "src/b.py"]
    sent = {
        "files": [SimpleUploadedFile("x.txt", b"1"), SimpleUploadedFile("y.txt", b"2")],
        "paths": ["x.txt", "deep/y.txt"],
        "folder": "data",
    }
    listing = api.client.post(api.base + "upload/", sent).json()
    assert {"data/x.txt", "data/deep/y.txt"} <= {file["path"] for file in listing["files"]}


def test_a_folder_of_many_files_is_taken_at_once(api) -> None:
    names = [f"many/{number}.txt" for number in range(300)]
    sent = {"files": [SimpleUploadedFile(n, b"x") for n in names], "paths": names}
    listing = api.client.post(api.base + "upload/", sent).json()
    assert len(listing["files"]) == 303


def test_a_file_is_downloaded_and_never_shown(api) -> None:
    answer = api.get("download/", path="app.py")
    assert answer.content == b"print(1)\n"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert api.get("download/", path="../app.py").status_code == 404


def test_search_answers_matches(api) -> None:
    found = api.get("search/", q="= 1").json()
    assert [match["path"] for match in found["matches"]] == ["lib/a.py", "lib/b.py"]
    assert found["truncated"] is False
    assert api.get("search/", q="(", regex="1").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"changes": "x"},
        {"changes": [1]},
        {"changes": [{"path": "a", "content": 1, "base": 0}]},
        {"changes": [{"path": "a", "content": "", "base": "1"}]},
        {"changes": [{"path": "../a", "content": "", "base": 0}]},
        {"changes": [{"path": "a", "content": "\ud800", "base": 0}]},
        [],
    ],
)
def test_what_makes_no_sense_is_refused_in_json(api, body) -> None:
    answer = api.post("save/", body)
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize(("role", "status"), [(Role.INVOKER, 403), (Role.DEVELOPER, 200)])
def test_saving_needs_the_role_developer(client, account, workspace, role, status) -> None:
    person = factories.make_user("eve")
    factories.join(person, account, role)
    api = Api(client, person, workspace)
    assert api.get("files/").status_code == 200
    assert api.post("save/", {"changes": []}).status_code == status


def test_another_accounts_files_do_not_exist(client, workspace) -> None:
    charlie = factories.make_user("charlie")
    sun = factories.make_account(id="444455556666", name="Sun")
    factories.join(charlie, sun)
    api = Api(client, charlie, workspace)
    assert api.get("files/").status_code == 404
    api.base = f"/{sun.pk}/workspaces/{workspace.pk}/"
    assert api.get("files/").status_code == 404
    assert api.get("file/", path="app.py").status_code == 404


def test_without_the_csrf_token_nothing_is_saved(alice, workspace) -> None:
    from django.test import Client

    api = Api(Client(enforce_csrf_checks=True), alice, workspace)
    assert api.post("delete/", {"path": "app.py"}).status_code == 403
