"""Messages between the runner, a launcher and a sandbox: one JSON object and descriptors."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from typing import Any

LARGEST = 65_536
MOST_DESCRIPTORS = 32


def send(
    channel: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()
) -> None:
    """Send one message; the descriptors are copied to the other side."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
    channel.sendmsg([json.dumps(message).encode()], rights if descriptors else [])


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int], int]:
    """The next message, its descriptors, and the sender's process id where the kernel tells.

    The message is empty when the other side is gone.
    """
    room = socket.CMSG_SPACE(4 * MOST_DESCRIPTORS) + socket.CMSG_SPACE(12)
    data, extras, _flags, _address = channel.recvmsg(LARGEST, room, socket.MSG_CMSG_CLOEXEC)
    descriptors: list[int] = []
    sender = 0
    for level, kind, content in extras:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            received = array.array("i")
            received.frombytes(content[: len(content) - len(content) % received.itemsize])
            descriptors += list(received)
        elif level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            sender = struct.unpack("3i", content)[0]
    try:
        message = json.loads(data) if data else {}
    except ValueError:
        message = {}
    if not isinstance(message, dict):
        message = {}
    return message, descriptors, sender


def close_all(descriptors: list[int]) -> None:
    """Close each descriptor."""
    for descriptor in descriptors:
        os.close(descriptor)
