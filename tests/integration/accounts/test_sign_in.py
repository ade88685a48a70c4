"""Passwords, sessions and allauth's pages."""

from django.test import Client

from console.accounts.models import AuditEntry, User

PASSWORD = "correct horse battery"  # of tests.factories


def sign_in(name: str = "bob", password: str = PASSWORD) -> Client:
    browser = Client()
    browser.post("/auth/login/", {"login": name, "password": password})
    return browser


def test_a_name_and_password_sign_in(people):
    assert sign_in().get("/111122223333/").status_code == 200
    entry = AuditEntry.objects.get(action="sign-in")
    assert (entry.actor, entry.decision, entry.address) == ("bob", "allowed", "127.0.0.1")


def test_a_wrong_password_is_refused_and_written_down(people):
    assert sign_in(password="wrong").get("/111122223333/").status_code == 302
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.decision) == ("bob", "failed")


def test_what_was_typed_for_a_name_that_nobody_has_is_not_kept(people):
    sign_in(name="my-secret-password", password="x")
    assert "my-secret" not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.get().actor == "somebody"


def test_signing_out_takes_a_post(people):
    browser = sign_in()
    browser.get("/auth/logout/")
    assert browser.get("/111122223333/").status_code == 200
    browser.post("/auth/logout/")
    assert browser.get("/111122223333/").status_code == 302


def test_nobody_signs_up_without_an_invitation(people):
    page = Client().get("/auth/signup/")
    assert "By invitation only" in page.content.decode()
    Client().post(
        "/auth/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert not User.objects.filter(username="eve").exists()


def test_a_changed_password_ends_the_other_sessions_and_not_this_one(people):
    here, elsewhere = sign_in(), sign_in()
    answer = here.post(
        "/auth/password/change/",
        {"oldpassword": PASSWORD, "password1": "another-long-one", "password2": "another-long-one"},
    )
    assert answer["Location"] == "/profile/"
    assert here.get("/111122223333/").status_code == 200
    assert elsewhere.get("/111122223333/").status_code == 302


def test_who_came_by_link_may_choose_a_password(people, client_of):
    bob = people.bob.user
    bob.set_unusable_password()
    bob.save()
    browser = client_of(people.bob)
    assert "have no password yet" in browser.get("/111122223333/").content.decode()
    new = {"password1": "another-long-one", "password2": "another-long-one"}
    assert browser.post("/auth/password/set/", new).status_code == 302
    assert browser.get("/111122223333/").status_code == 200
    assert sign_in(password="another-long-one").get("/111122223333/").status_code == 200


def test_many_wrong_passwords_are_slowed_down(people):
    browser = Client()
    for _ in range(5):
        browser.post("/auth/login/", {"login": "bob", "password": "wrong"})
    answer = browser.post("/auth/login/", {"login": "bob", "password": PASSWORD})
    assert "Too many" in answer.content.decode()
    assert browser.get("/111122223333/").status_code == 302


def test_a_form_without_the_token_is_refused_with_what_to_do(people):
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post("/auth/login/", {"login": "bob", "password": PASSWORD})
    assert answer.status_code == 403
    assert "load the page again" in answer.content.decode()


def test_an_address_that_is_none_has_a_page(people, client_of):
    page = client_of(people.bob).get("/nowhere/at/all")
    assert page.status_code == 404
    assert "There is nothing at this address." in page.content.decode()


def test_the_policy_of_every_page_lets_nothing_inline_run(people, client_of):
    policy = client_of(people.bob).get("/111122223333/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
