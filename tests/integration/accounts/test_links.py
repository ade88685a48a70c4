"""One-time sign-in links and invitations."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from console.accounts import services
from console.accounts.models import AuditEntry, Invitation, Membership, SignInLink, User
from console.accounts.roles import Role
from console.errors import Forbidden, NotFound


def path_of(address: str) -> str:
    return "/" + address.split("/", 3)[3]


def test_a_link_signs_in_once_and_only_by_post(people):
    path = path_of(services.create_sign_in_link(user=people.bob.user))
    browser = Client()
    assert browser.get(path).status_code == 200
    assert browser.get(path).status_code == 200  # a preview spends nothing
    assert browser.post(path)["Location"] == "/"
    assert browser.get("/", follow=True).status_code == 200
    again = Client().post(path)
    assert again.status_code == 404
    assert "make link" in again.content.decode()


def test_a_links_page_is_not_cached_and_tells_its_address_to_nobody_else(people):
    page = Client().get(path_of(services.create_sign_in_link(user=people.bob.user)))
    assert page["Referrer-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]


def test_only_the_hash_of_a_token_is_stored(people):
    token = services.create_sign_in_link(user=people.bob.user).rsplit("/", 1)[1]
    assert len(token) == 43  # 256 bits in base64
    link = SignInLink.objects.get()
    assert token not in str(vars(link))
    assert token not in str(list(AuditEntry.objects.values()))


def test_an_expired_link_is_refused(people):
    address = services.create_sign_in_link(user=people.bob.user, lifetime=timedelta(seconds=-1))
    assert Client().get(path_of(address)).status_code == 404


def test_a_link_of_somebody_switched_off_is_refused(people):
    address = services.create_sign_in_link(user=people.bob.user)
    User.objects.filter(pk=people.bob.user_id).update(is_active=False)
    assert Client().post(path_of(address)).status_code == 404


def test_of_two_that_use_a_link_at_once_one_succeeds(people):
    token = services.create_sign_in_link(user=people.bob.user).rsplit("/", 1)[1]

    def attempt(_: int) -> bool:
        try:
            services.use_sign_in_link(token=token)
        except NotFound:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]


def test_the_session_gets_a_new_key_at_sign_in(people):
    browser = Client()
    browser.get("/auth/login/")
    session = browser.session
    session["planted"] = "1"
    session.save()
    browser.cookies["virga_session"] = before = session.session_key
    browser.post(path_of(services.create_sign_in_link(user=people.bob.user)))
    assert browser.cookies["virga_session"].value != before


def test_an_administrator_makes_a_link_for_a_member_and_it_is_shown_once(people, client_of):
    answer = client_of(people.alice).post(f"/111122223333/members/{people.bob.pk}/link/")
    assert "no-store" in answer["Cache-Control"]
    assert "/link/" in answer.content.decode()
    entry = AuditEntry.objects.get(action="link.create")
    assert (entry.actor, entry.resource) == ("alice", "bob")


def test_no_link_reaches_accounts_that_its_maker_does_not_administer(people):
    Membership.objects.create(user=people.bob.user, account_id="444455556666", role=Role.VIEWER)
    with pytest.raises(Forbidden):
        services.create_sign_in_link(user=people.bob.user, by=people.alice.user)


def test_no_administrator_of_an_account_makes_a_link_for_who_runs_the_installation(people):
    User.objects.filter(pk=people.bob.user_id).update(is_staff=True)
    people.bob.user.refresh_from_db()
    with pytest.raises(Forbidden):
        services.create_sign_in_link(user=people.bob.user, by=people.alice.user)


def link_for_bob(people) -> str:
    return path_of(services.create_sign_in_link(user=people.bob.user, by=people.alice.user))


def test_a_link_kept_until_the_person_may_more_than_its_maker_is_refused(people):
    path = link_for_bob(people)
    assert Client().get(path).status_code == 200
    User.objects.filter(pk=people.bob.user_id).update(is_staff=True)
    assert Client().get(path).status_code == 404
    assert Client().post(path).status_code == 404


def test_a_link_of_a_maker_who_may_less_by_now_is_refused(people):
    path = link_for_bob(people)
    Membership.objects.filter(pk=people.alice.pk).update(role=Role.DEVELOPER)
    assert Client().post(path).status_code == 404


@pytest.mark.parametrize("change", ["joins", "leaves", "role"])
def test_a_persons_open_links_end_with_a_change_of_their_memberships(people, change):
    path = link_for_bob(people)
    from_the_machine = path_of(services.create_sign_in_link(user=people.bob.user))
    if change == "joins":
        other = Membership.objects.create(
            user=people.bob.user, account_id="444455556666", role=Role.VIEWER
        )
        Membership.objects.filter(pk=other.pk).delete()
    elif change == "leaves":
        services.remove_member(by=people.alice, member_id=people.bob.pk)
    else:
        services.change_role(by=people.alice, member_id=people.bob.pk, role="viewer")
    assert Client().get(path).status_code == 404
    assert Client().get(from_the_machine).status_code == 200


def test_a_used_link_stays_in_the_books_when_memberships_change(people):
    Client().post(link_for_bob(people))
    services.change_role(by=people.alice, member_id=people.bob.pk, role="viewer")
    assert SignInLink.objects.get().created_by == people.alice.user


@pytest.mark.django_db(transaction=True)
def test_the_first_link_makes_the_first_administrator_and_the_next_one_does_not(capsys):
    call_command("link")
    call_command("link")
    first, second = capsys.readouterr().out.split()
    assert first != second
    admin = User.objects.get()
    assert admin.is_staff
    assert not admin.has_usable_password()
    membership = admin.memberships.get()
    assert (membership.account.name, membership.role) == ("Personal", Role.ADMIN)
    assert SignInLink.objects.first().expires_at < timezone.now() + timedelta(minutes=61)


def invitation_path(people, role: Role = Role.INVOKER) -> str:
    return path_of(services.invite(by=people.alice, role=role, days=3, note="for dora"))


def test_a_new_person_joins_by_invitation_with_a_name_and_password(people):
    browser = Client()
    path = invitation_path(people)
    assert "alice invites you" in browser.get(path).content.decode()
    answer = browser.post(path, {"username": "dora", "password": "a-long-enough-one"})
    assert answer.status_code == 302, answer.content.decode()
    assert browser.get("/111122223333/").status_code == 200
    dora = User.objects.get(username="dora")
    assert dora.memberships.get().role == Role.INVOKER
    assert dora.check_password("a-long-enough-one")
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize(
    ("username", "password", "said"),
    [
        ("bob", "a-long-enough-one", "taken"),
        ("BOB", "a-long-enough-one", "taken"),
        ("dora", "12345678", "common"),
        ("dora dora", "a-long-enough-one", "valid username"),
    ],
)
def test_a_bad_name_or_password_leaves_the_invitation_open(people, username, password, said):
    path = invitation_path(people)
    answer = Client().post(path, {"username": username, "password": password})
    assert said in answer.content.decode()
    assert Invitation.objects.get().used_at is None


def test_who_has_signed_in_joins_with_one_press(people, client_of):
    path = invitation_path(people)
    client_of(people.charlie).post(path)
    assert people.charlie.user.memberships.filter(account=people.account).exists()


def test_a_member_does_not_use_up_an_invitation(people, client_of):
    path = invitation_path(people)
    client_of(people.bob).post(path)
    assert Client().get(path).status_code == 200


def test_a_revoked_invitation_is_refused(people, client_of):
    path = invitation_path(people)
    client_of(people.alice).post(f"/111122223333/invitations/{Invitation.objects.get().pk}/revoke/")
    assert Client().get(path).status_code == 404


def test_the_members_page_makes_an_invitation_and_lists_it(people, client_of):
    client = client_of(people.alice)
    made = client.post(
        "/111122223333/members/invite/", {"role": "viewer", "days": "7", "note": "Erin"}
    )
    assert "/invitation/" in made.content.decode()
    assert "Erin" in client.get("/111122223333/members/").content.decode()
    wrong = client.post("/111122223333/members/invite/", {"role": "king", "days": "7"})
    assert wrong.status_code == 400
