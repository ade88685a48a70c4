"""The Configuration tab."""

import pytest

from console.accounts.models import AuditEntry
from console.accounts.roles import Role
from console.functions import queries, secrets, services
from runner.runtimes.environment import reserved_names

BASE = "/111122223333/functions/rain/configuration/"


@pytest.fixture
def token(function, alice):
    services.set_environment(function=function, by=alice, variables={"TOKEN": "s3cr3t"})
    return function


def test_values_are_masked_until_someone_reveals_one(visitor, token) -> None:
    assert "s3cr3t" not in visitor.get(BASE + "environment/").content.decode()
    assert "s3cr3t" not in visitor.get("/111122223333/functions/rain/").content.decode()
    part = visitor.post(
        BASE + "environment/reveal/", {"variable": "TOKEN"}, headers={"HX-Request": "true"}
    )
    assert 'value="s3cr3t"' in part.content.decode()
    assert AuditEntry.objects.filter(action="function.reveal").exists()


def test_revealing_works_without_scripts_and_keeps_what_was_typed(visitor, token) -> None:
    form = {"kept": ["TOKEN", ""], "name": ["TOKEN", "NEW"], "value": ["", "typed"]}
    page = visitor.post(BASE + "environment/reveal/", form | {"variable": "TOKEN"})
    content = page.content.decode()
    assert 'value="s3cr3t"' in content
    assert 'value="typed"' in content


@pytest.mark.parametrize("role", [Role.VIEWER, Role.INVOKER, Role.DEVELOPER])
def test_who_may_not_configure_sees_names_only(client, member, token, role) -> None:
    client.force_login(member(role))
    content = client.get(BASE + "environment/").content.decode()
    assert "TOKEN" in content
    assert "s3cr3t" not in content
    assert 'name="value"' not in content
    answer = client.post(BASE + "environment/reveal/", {"variable": "TOKEN"})
    assert answer.status_code == 403


def test_a_form_adds_keeps_and_removes(visitor, token) -> None:
    form = {"kept": ["TOKEN", "", ""], "name": ["TOKEN", "CITY", ""], "value": ["", "Bergen", ""]}
    assert visitor.post(BASE + "environment/", form).status_code == 302
    present = secrets.unseal(queries.version_of(token).environment)
    assert present == {"TOKEN": "s3cr3t", "CITY": "Bergen"}
    form = {"kept": ["CITY", "TOKEN"], "name": ["CITY", ""], "value": ["", ""]}
    assert visitor.post(BASE + "environment/", form).status_code == 302
    assert secrets.unseal(queries.version_of(token).environment) == {"CITY": "Bergen"}


def test_a_value_that_was_revealed_can_be_emptied_and_a_new_one_be_empty(visitor, token) -> None:
    part = visitor.post(
        BASE + "environment/reveal/", {"variable": "TOKEN"}, headers={"HX-Request": "true"}
    )
    assert '<input type="hidden" name="shown" value="TOKEN">' in part.content.decode()
    form = {"kept": ["TOKEN", ""], "name": ["TOKEN", "FLAG"], "value": ["", ""], "shown": ["TOKEN"]}
    assert visitor.post(BASE + "environment/", form).status_code == 302
    present = secrets.unseal(queries.version_of(token).environment)
    assert present == {"TOKEN": "", "FLAG": ""}


@pytest.mark.parametrize("name", sorted(reserved_names()))
def test_what_the_runtime_sets_itself_is_refused(visitor, function, name) -> None:
    form = {"kept": [""], "name": [name], "value": ["x"]}
    answer = visitor.post(BASE + "environment/", form)
    assert answer.status_code == 400
    assert "is set by the runtime" in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_REGION", "x", "is set by the runtime"),
        ("TOKEN", "again", "is there twice"),
        ("", "lonely", "has no name"),
        ("BIG", "x" * 5000, "bytes"),
    ],
)
def test_a_mistake_is_said_and_nothing_typed_is_lost(visitor, token, name, value, said) -> None:
    form = {"kept": ["TOKEN", ""], "name": ["TOKEN", name], "value": ["", value]}
    answer = visitor.post(BASE + "environment/", form)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert value in answer.content.decode()


def test_a_number_out_of_range_is_shown_at_its_field(visitor, function) -> None:
    form = {
        "runtime": "python3.11",
        "handler": "a.b",
        "memory_mb": 64,
        "timeout_s": 3,
        "tmp_mb": 512,
    }
    answer = visitor.post(BASE, form)
    assert answer.status_code == 400
    assert "Memory is 128 to 10,240 MB." in answer.content.decode()
    assert visitor.post(BASE, form | {"memory_mb": 1769}).status_code == 302
    assert queries.version_of(function).memory_mb == 1769


def test_tags_are_set_and_removed(visitor, function) -> None:
    form = {"kept": ["", ""], "name": ["team", ""], "value": ["weather", ""]}
    assert visitor.post(BASE + "tags/", form).status_code == 302
    function.refresh_from_db()
    assert function.tags == {"team": "weather"}
    bad = {"kept": [""], "name": ["aws:x"], "value": ["1"]}
    assert visitor.post(BASE + "tags/", bad).status_code == 400
