"""Tells whoever has a workspace open that it changed."""

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from editor.models import Workspace


def group_of(workspace_id: int) -> str:
    """The channel group on which a workspace's changes are announced.

    Messages are {"type": "workspace.changed", "message": {"workspace",
    "revision", "by", "by_id", "paths"}}; `paths` is cut at 100.
    """
    return f"workspace.{workspace_id}"


def announce_change(*, workspace: Workspace, by: object, paths: list[str]) -> None:
    """Announce the workspace's present revision once the transaction is through."""
    message = {
        "workspace": workspace.pk,
        "revision": workspace.revision,
        "by": getattr(by, "username", ""),
        "by_id": getattr(by, "pk", None),
        "paths": paths[:100],
    }
    event = {"type": "workspace.changed", "message": message}

    def send() -> None:
        layer = get_channel_layer()
        if layer is not None:
            async_to_sync(layer.group_send)(group_of(workspace.pk), event)

    # robust: the files are saved; a channel layer that is down must not say otherwise.
    transaction.on_commit(send, robust=True)
