"""Sockets know who is at the other end, at every message."""

from typing import Any

import pytest
from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import path

from console.accounts import services
from console.accounts.models import AuditEntry, Membership, User
from console.accounts.roles import Action
from console.accounts.sockets import MemberConsumer
from runner.errors import PayloadTooLarge


class Desk(MemberConsumer):
    """Does one thing for viewers, one for administrators, and fails in one way."""

    async def opened(self) -> None:
        await self.send_json({"type": "welcome", "who": self.user.username})

    async def handle(self, message: dict[str, Any]) -> None:
        if message["type"] == "rule":
            await self.authorize(Action.MANAGE_ACCOUNT)
        if message["type"] == "flood":
            raise PayloadTooLarge("Too much.")
        await self.send_json({"type": "done", "role": self.membership.role})


application = AuthMiddlewareStack(URLRouter([path("ws/<str:account_id>/", Desk.as_asgi())]))


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


async def socket(membership: Membership | None, account: str = "111122223333"):
    headers = []
    if membership is not None:
        key = await database_sync_to_async(session_of)(membership.user)
        headers = [(b"cookie", f"virga_session={key}".encode())]
    communicator = WebsocketCommunicator(application, f"/ws/{account}/", headers=headers)
    await communicator.connect()
    return communicator


async def closed_with(communicator) -> int:
    answer = await communicator.receive_output(timeout=5)
    assert answer["type"] == "websocket.close"
    return answer["code"]


async def change(function, **arguments) -> None:
    await database_sync_to_async(function)(**arguments)


async def test_a_member_is_welcomed(people):
    desk = await socket(people.bob)
    assert await desk.receive_json_from() == {"type": "welcome", "who": "bob"}
    await desk.disconnect()


async def test_who_has_not_signed_in_is_closed_with_4401(people):
    assert await closed_with(await socket(None)) == 4401


@pytest.mark.parametrize("account", ["111122223333", "999999999999"])
async def test_a_stranger_is_closed_with_4404_whether_the_account_exists_or_not(people, account):
    assert await closed_with(await socket(people.charlie, account)) == 4404


async def test_a_role_too_low_is_refused_and_the_socket_stays(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    await desk.send_json_to({"type": "rule", "id": 7})
    refused = await desk.receive_json_from()
    assert (refused["type"], refused["id"]) == ("refused", 7)
    assert refused["code"] == "AccessDeniedException"
    await desk.send_json_to({"type": "look"})
    assert await desk.receive_json_from() == {"type": "done", "role": "developer"}
    await desk.disconnect()
    denied = await database_sync_to_async(AuditEntry.objects.get)(decision="denied")
    assert denied.actor == "bob"


async def test_a_refusal_of_the_runner_is_sent_as_one(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    await desk.send_json_to({"type": "flood", "id": "a"})
    refused = await desk.receive_json_from()
    assert refused == {
        "type": "refused",
        "id": "a",
        "code": "RequestTooLargeException",
        "message": "Too much.",
    }
    await desk.disconnect()


async def test_a_new_role_counts_at_the_next_message(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    await change(services.change_role, by=people.alice, member_id=people.bob.pk, role="admin")
    await desk.send_json_to({"type": "rule"})
    assert await desk.receive_json_from() == {"type": "done", "role": "admin"}
    await desk.disconnect()


async def test_a_removed_member_loses_the_socket_at_once(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    await change(services.remove_member, by=people.alice, member_id=people.bob.pk)
    assert await closed_with(desk) == 4404


async def test_a_member_switched_off_loses_the_socket_at_the_next_message(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    await database_sync_to_async(User.objects.filter(username="bob").update)(is_active=False)
    await desk.send_json_to({"type": "look"})
    assert await closed_with(desk) == 4401


async def test_who_is_switched_off_by_the_page_loses_the_socket_at_once(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    people.alice.user.is_staff = True
    await change(services.switch_person, by=people.alice.user, user=people.bob.user, on=False)
    assert await closed_with(desk) == 4401


async def test_a_changed_password_closes_the_sockets_of_other_sessions(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()

    def change_password() -> None:
        user = User.objects.get(username="bob")
        user.set_password("another-long-one")
        user.save()

    await database_sync_to_async(change_password)()
    await desk.send_json_to({"type": "look"})
    assert await closed_with(desk) == 4401


async def test_a_session_that_ended_closes_the_socket(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    await database_sync_to_async(Session.objects.all().delete)()
    await desk.send_json_to({"type": "look"})
    assert await closed_with(desk) == 4401


async def test_a_message_asks_the_database_once(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    counted = await database_sync_to_async(CaptureQueriesContext)(connection)
    await database_sync_to_async(counted.__enter__)()
    await desk.send_json_to({"type": "look"})
    assert (await desk.receive_json_from())["type"] == "done"
    await database_sync_to_async(counted.__exit__)(None, None, None)
    assert await database_sync_to_async(len)(counted) == 1
    await desk.disconnect()


async def test_what_is_no_object_does_no_harm(people):
    desk = await socket(people.bob)
    await desk.receive_json_from()
    await desk.send_json_to({"type": "look"})
    assert (await desk.receive_json_from())["type"] == "done"
    await desk.disconnect()
