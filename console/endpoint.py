"""The AWS side's ASGI application, served by uvicorn on ENDPOINT_PORT.

No operation is there yet: every request is answered as AWS answers an unknown
one. It never sees the console's cookies.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


async def application(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer `GET /_virga/health` with 200 and anything else with UnknownOperationException."""
    if scope["type"] != "http":
        return
    healthy = scope["path"] == "/_virga/health"
    body = {"status": "ok"} if healthy else {"__type": "UnknownOperationException", "message": None}
    await send(
        {
            "type": "http.response.start",
            "status": 200 if healthy else 404,
            "headers": [(b"content-type", b"application/x-amz-json-1.1")],
        }
    )
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
