"""Who may see and do what."""

import json

import pytest
from django.test import Client

from console.accounts.models import AuditEntry, User
from console.accounts.roles import Role

ADMIN_PAGES = ("members/", "audit/", "audit/export.csv", "settings/")


def test_a_stranger_gets_the_same_answer_for_an_account_that_exists_and_one_that_does_not(
    people, client_of
):
    client = client_of(people.charlie)
    there = client.get("/111122223333/members/")
    not_there = client.get("/999999999999/members/")
    assert there.status_code == not_there.status_code == 404
    assert there.content.replace(b"111122223333", b"") == not_there.content.replace(
        b"999999999999", b""
    ) or _words(there) == _words(not_there)


def _words(response):
    import re

    text = re.sub(rb'(csrf[^>]*|nonce="[^"]*")', b"", response.content)
    return re.sub(rb"[0-9]{12}", b"", text)


@pytest.mark.parametrize("under", ADMIN_PAGES)
def test_only_administrators_open_what_manages_the_account(people, client_of, under):
    assert client_of(people.alice).get(f"/111122223333/{under}").status_code == 200
    refused = client_of(people.bob).get(f"/111122223333/{under}")
    assert refused.status_code == 403
    assert "this needs admin" in refused.content.decode()


@pytest.mark.parametrize("under", ["search?q=%00", "functions/?q=a%00", "functions/a%00b/"])
def test_an_address_that_no_database_can_look_for_is_refused(people, client_of, under):
    refused = client_of(people.alice).get(f"/111122223333/{under}")
    assert refused.status_code == 400
    assert "NUL" in refused.content.decode()


@pytest.mark.parametrize("under", ["", "members/", "search?q=x", "settings/"])
def test_who_has_not_signed_in_is_led_to_the_form_and_back(people, under):
    response = Client().get(f"/111122223333/{under}")
    assert response.status_code == 302
    assert response["Location"].startswith("/auth/login/?next=%2F111122223333%2F")


def test_a_script_that_has_not_signed_in_is_told_401_in_json(people):
    response = Client().get("/111122223333/", headers={"Accept": "application/json"})
    assert response.status_code == 401
    assert response.json()["code"] == "UnrecognizedClientException"


def test_an_htmx_request_after_the_session_ended_leads_to_the_form(people):
    response = Client().get("/111122223333/node/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/auth/login/"


def test_a_refusal_to_a_script_names_code_message_and_field(people, client_of):
    response = client_of(people.bob).post(
        "/111122223333/members/invite/", {}, headers={"Accept": "application/json"}
    )
    assert response.status_code == 403
    assert set(json.loads(response.content)) == {"code", "message", "field"}
    assert response.json()["code"] == "AccessDeniedException"


def test_a_refusal_to_htmx_goes_to_the_flash_area(people, client_of):
    response = client_of(people.bob).post(
        "/111122223333/members/invite/", {}, headers={"HX-Request": "true"}
    )
    assert response["HX-Retarget"] == "#flash"
    assert b"<html" not in response.content


def test_a_refused_role_is_in_the_audit_log(people, client_of):
    client_of(people.bob).get("/111122223333/audit/")
    entry = AuditEntry.objects.get(decision="denied")
    assert (entry.actor, entry.account_id) == ("bob", "111122223333")
    assert entry.resource == "/111122223333/audit/"


def test_the_last_administrator_cannot_be_demoted_or_removed(people, client_of):
    client = client_of(people.alice)
    demoted = client.post(f"/111122223333/members/{people.alice.pk}/role/", {"role": "viewer"})
    removed = client.post(f"/111122223333/members/{people.alice.pk}/remove/")
    assert (demoted.status_code, removed.status_code) == (409, 409)
    people.alice.refresh_from_db()
    assert people.alice.role == Role.ADMIN


def test_an_administrator_changes_roles_and_removes_members(people, client_of):
    client = client_of(people.alice)
    client.post(f"/111122223333/members/{people.bob.pk}/role/", {"role": "admin"})
    people.bob.refresh_from_db()
    assert people.bob.role == Role.ADMIN
    client.post(f"/111122223333/members/{people.bob.pk}/remove/")
    assert client_of(people.bob).get("/111122223333/").status_code == 404


def test_a_member_of_another_account_cannot_be_changed_from_here(people, client_of):
    answer = client_of(people.alice).post(f"/111122223333/members/{people.charlie.pk}/remove/")
    assert answer.status_code == 404
    people.charlie.refresh_from_db()


def test_a_role_that_is_none_is_refused(people, client_of):
    answer = client_of(people.alice).post(
        f"/111122223333/members/{people.bob.pk}/role/",
        {"role": "emperor"},
        headers={"Accept": "application/json"},
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "role")


def test_anybody_may_leave(people, client_of):
    client_of(people.bob).post(f"/111122223333/members/{people.bob.pk}/remove/")
    assert not people.account.memberships.filter(user=people.bob.user).exists()


def test_staff_alone_make_accounts_unless_the_installation_says_otherwise(
    people, client_of, settings
):
    client = client_of(people.bob)
    assert client.post("/accounts/", {"name": "Mine"}).status_code == 403
    settings.ACCOUNT_CREATION = "anyone"
    made = client.post("/accounts/", {"name": "Mine"})
    account_id = made["Location"].strip("/")
    assert len(account_id) == 12
    assert account_id.isdigit()
    assert account_id[0] != "0"
    assert client.get(f"/{account_id}/settings/").status_code == 200


def test_account_settings_are_saved_and_their_ranges_hold(people, client_of):
    client = client_of(people.alice)
    wanted = {"name": "New", "concurrency_limit": 7, "retention_days": 5}
    assert client.post("/111122223333/settings/", wanted).status_code == 302
    people.account.refresh_from_db()
    assert people.account.name == "New"
    assert (people.account.concurrency_limit, people.account.retention_days) == (7, 5)
    refused = client.post("/111122223333/settings/", {**wanted, "retention_days": 0})
    assert "Retention is 1 to 3,650 days." in refused.content.decode()


def test_the_start_page_leads_to_the_account_used_last(people, client_of):
    client = client_of(people.alice)
    people.alice.user.memberships.create(account_id="444455556666", role=Role.VIEWER)
    client.get("/444455556666/")
    assert client.get("/")["Location"] == "/444455556666/"
    client.get("/111122223333/")
    assert client.get("/")["Location"] == "/111122223333/"


def test_who_runs_the_installation_switches_people_off_and_on(people, client_of):
    User.objects.filter(pk=people.alice.user_id).update(is_staff=True)
    alice, bob = client_of(people.alice), client_of(people.bob)
    switch = f"/111122223333/members/{people.bob.pk}/switch/"
    assert switch in alice.get("/111122223333/members/").content.decode()
    alice.post(switch, {"on": "0"})
    assert bob.get("/111122223333/").status_code == 302
    assert AuditEntry.objects.get(action="person.off").resource == "bob"
    assert "switched off" in alice.get("/111122223333/members/").content.decode()
    alice.post(switch, {"on": "1"})
    assert client_of(people.bob).get("/111122223333/").status_code == 200


def test_an_administrator_of_an_account_alone_switches_nobody_off(people, client_of):
    client = client_of(people.alice)
    assert "/switch/" not in client.get("/111122223333/members/").content.decode()
    answer = client.post(f"/111122223333/members/{people.bob.pk}/switch/", {"on": "0"})
    assert answer.status_code == 403
    people.bob.user.refresh_from_db()
    assert people.bob.user.is_active


def test_nobody_switches_themselves_off(people, client_of):
    User.objects.filter(pk=people.alice.user_id).update(is_staff=True)
    client = client_of(people.alice)
    answer = client.post(f"/111122223333/members/{people.alice.pk}/switch/", {"on": "0"})
    assert answer.status_code == 409
