"""A browser sends its cookies with a socket that any page opens: only the console's may."""

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings

from console.asgi import application
from tests.integration.functions.sockets import run_in_database

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/ws/111122223333/functions/rain/"
FOREIGN = {
    "a function's own page": f"http://rain.lambda-url.localhost:{settings.ENDPOINT_PORT}",
    "the endpoint": f"http://localhost:{settings.ENDPOINT_PORT}",
    "another host": f"http://evil.example:{settings.PORT}",
    "a sandboxed frame": "null",
    "another scheme": f"https://localhost:{settings.PORT}",
    "no page at all": None,
}


async def welcomed(person, origin: str | None, client, path: str = PATH) -> bool:
    """Whether a browser with the person's session gets the socket open."""
    await run_in_database(client.force_login)(person)
    cookie = f"virga_session={client.cookies['virga_session'].value}"
    headers = [(b"cookie", cookie.encode()), (b"host", b"localhost")]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    communicator = WebsocketCommunicator(application, path, headers=headers)
    accepted, _ = await communicator.connect(10)
    if accepted:
        await communicator.send_json_to({"type": "nothing"})
        accepted = (await communicator.receive_output(10))["type"] == "websocket.send"
    await communicator.disconnect(10)
    return accepted


async def test_the_consoles_own_page_opens_a_socket(function, alice, client) -> None:
    assert await welcomed(alice, f"http://localhost:{settings.PORT}", client)


@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN.keys())
async def test_no_other_page_opens_a_socket(function, alice, client, origin) -> None:
    assert not await welcomed(alice, origin, client)


async def test_somebody_of_another_account_gets_no_socket(function, charlie, client) -> None:
    own = f"http://localhost:{settings.PORT}"
    assert not await welcomed(charlie, own, client)
    mixed = PATH.replace("111122223333", "444455556666")  # his account, her function
    assert not await welcomed(charlie, own, client, path=mixed)
