"""A person's socket on a function's page."""

from contextlib import asynccontextmanager

from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import connections

from console.sockets import sockets


class Socket:
    """What a browser sees of the socket."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self._communicator = communicator

    async def send(self, **message) -> None:
        await self._communicator.send_json_to(message)

    async def send_text(self, text: str) -> None:
        await self._communicator.send_to(text_data=text)

    async def receive(self, timeout: float = 20) -> dict:
        return await self._communicator.receive_json_from(timeout)

    async def settled(self) -> None:
        """Until it listens to its groups: an answer comes only after that."""
        await self.send(type="nothing")
        assert (await self.receive())["type"] == "refused"

    async def until(self, kind: str) -> tuple[dict, list[dict]]:
        """The first message of a type, and those before it."""
        before = []
        while (message := await self.receive())["type"] != kind:
            before.append(message)
        return message, before

    async def closing_code(self) -> int:
        while (output := await self._communicator.receive_output(5))["type"] != "websocket.close":
            pass
        return output["code"]

    async def silent(self) -> bool:
        return await self._communicator.receive_nothing(0.3)


@asynccontextmanager
async def opened(person, name: str = "rain", account_id: str = "111122223333"):
    """Open a socket as a person; it is closed after."""
    application = URLRouter(sockets)
    communicator = WebsocketCommunicator(application, f"/ws/{account_id}/functions/{name}/")
    communicator.scope["user"] = person
    await communicator.connect(10)
    try:
        yield Socket(communicator)
    finally:
        await communicator.disconnect(10)
        # That of the thread in which Channels asks the database: PostgreSQL could not
        # drop the test database under it.
        await database_sync_to_async(connections.close_all)()


run_in_database = database_sync_to_async
