"""The base of every socket of an account's members."""

import logging
from typing import Any, cast

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet, Subquery
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from console.accounts.access import NO_ACCOUNT, NotMember, membership_in, require
from console.accounts.addresses import caller_address
from console.accounts.models import Account, Membership, User
from console.accounts.refusals import refusal_of
from console.accounts.roles import Action
from console.accounts.services.audit import record
from console.errors import ConsoleError, Forbidden, NotSignedIn
from runner.errors import Refused, RunnerError

log = logging.getLogger(__name__)

NOT_SIGNED_IN = 4401
NOT_MEMBER = 4404
"""Close codes. The socket is accepted first: browsers hide the code of a refused handshake."""


def group_of_person(user_id: int) -> str:
    """The channel group on which a person's sockets hear that their access changed."""
    return f"person-{user_id}"


class MemberConsumer(AsyncJsonWebsocketConsumer):
    """A socket of one member in one account, for as long as they stay a member.

    A subclass overrides `opened`, `handle` and `closed`, not `connect` or
    `receive_json`, and asks `await self.authorize(Action.X)` before it acts.
    The address has `account_id`. Found here: self.user, self.account,
    self.membership. A refusal raised while a message is handled is sent as
    {"type": "refused", "id", "code", "message"}; losing the membership or the
    session closes the socket.
    """

    user: User
    account: Account
    membership: Membership

    async def opened(self) -> None:
        """The member is known and the socket accepted."""

    async def handle(self, message: dict[str, Any]) -> None:
        """Act on one message of the client. Messages wait for each other: be quick."""

    async def closed(self) -> None:
        """The socket is gone. Called only after `opened`."""

    async def authorize(self, action: Action) -> Membership:
        """The membership as the database has it now, if it allows `action`.

        Refuses with NotSignedIn, NotMember or Forbidden.
        """
        self.membership = await database_sync_to_async(self._membership)(action)
        self.user, self.account = self.membership.user, self.membership.account
        return self.membership

    # -- below: Channels' own calls

    _open = False

    async def connect(self) -> None:
        await self.accept()
        client = self.scope.get("client")
        caller_address.set(str(client[0]) if client else "")
        if not await self._still(Action.VIEW):
            return
        await self.channel_layer.group_add(group_of_person(self.user.pk), self.channel_name)
        self._open = True
        await self.opened()

    async def receive_json(self, content: Any, **arguments: Any) -> None:
        if not self._open or not await self._still(Action.VIEW):
            return
        message = content if isinstance(content, dict) else {}
        try:
            await self.handle(message)
        except (NotMember, NotSignedIn) as error:
            await self._part(error)
        except (ConsoleError, Refused, RunnerError) as error:
            await self._refuse(error, message)

    async def disconnect(self, code: int) -> None:
        if self._open:
            self._open = False
            await self.channel_layer.group_discard(group_of_person(self.user.pk), self.channel_name)
            await self.closed()

    async def access_changed(self, event: dict[str, Any]) -> None:
        """A membership, password or session changed: see whether it was this one."""
        await self._still(Action.VIEW)

    async def _still(self, action: Action) -> bool:
        try:
            await self.authorize(action)
        except (NotMember, NotSignedIn) as error:
            await self._part(error)
            return False
        return True

    async def _refuse(self, error: ConsoleError | Refused | RunnerError, message: Any) -> None:
        refusal = refusal_of(error)
        assert refusal is not None
        if isinstance(error, Forbidden):
            await database_sync_to_async(record)(
                actor=self.user,
                account=self.account,
                action=f"socket {str(message.get('type', ''))[:40]}",
                resource=self.scope["path"],
                decision="denied",
                detail={"message": error.message},
            )
        if isinstance(error, RunnerError):
            log.error("%s: %s (%s)", type(error).__name__, error.message, error.detail)
        await self.send_json(
            {
                "type": "refused",
                "id": message.get("id", ""),
                "code": refusal.code,
                "message": refusal.message,
            }
        )

    def _membership(self, action: Action) -> Membership:
        """The session, the person and the membership of now, read in one query."""
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            raise NotSignedIn("Sign in first.")
        account_id = self.scope["url_route"]["kwargs"]["account_id"]
        membership = self._with_session(membership_in(user=user, account_id=account_id)).first()
        if membership is None:
            person = self._with_session(User.objects.filter(pk=user.pk, is_active=True)).first()
            self._check_session(person, person.session_data if person else None)
            raise NotMember(NO_ACCOUNT)
        self._check_session(membership.user, membership.session_data)
        require(membership, action)
        return cast(Membership, membership)

    def _with_session(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Each row with what is stored now of the session that opened the socket."""
        opened_with = self.scope.get("session")
        key = opened_with.session_key if opened_with is not None else None
        sessions = Session.objects.filter(pk=key, expire_date__gt=timezone.now())
        return rows.annotate(session_data=Subquery(sessions.values("session_data")[:1]))

    def _check_session(self, person: User | None, stored: str | None) -> None:
        """Refuse with NotSignedIn when that session is not this person's any more.

        The password hash is read anew: a change ends every other session.
        """
        session = SessionStore().decode(stored) if stored else {}
        if person is not None and self.scope.get("session") is None:
            return
        if (
            person is None
            or str(session.get(SESSION_KEY)) != str(person.pk)
            or not constant_time_compare(
                session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash()
            )
        ):
            raise NotSignedIn("Sign in first.")

    async def _part(self, error: NotMember | NotSignedIn) -> None:
        await self.close(NOT_SIGNED_IN if isinstance(error, NotSignedIn) else NOT_MEMBER)
