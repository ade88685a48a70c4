"""Tells whoever has a function's page open that it was deployed."""

from datetime import datetime

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction


def group_of(function_id: int) -> str:
    """The channel group of a function: {"type": "function.deployed", "message": {...}}."""
    return f"function.{function_id}"


def announce_deploy(*, function_id: int, message: str, modified_at: datetime) -> None:
    """Announce a new $LATEST once the transaction is through."""
    event = {
        "type": "function.deployed",
        "message": {"message": message, "modified_at": modified_at.isoformat()},
    }

    def send() -> None:
        layer = get_channel_layer()
        if layer is not None:
            async_to_sync(layer.group_send)(group_of(function_id), event)

    # robust: it is deployed; a channel layer that is down must not say otherwise.
    transaction.on_commit(send, robust=True)
