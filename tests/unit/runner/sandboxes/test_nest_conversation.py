"""A reply belongs to its request, whenever it comes."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from runner.sandboxes.nest import messages
from runner.sandboxes.nests import Conversation


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def test_a_reply_to_a_request_given_up_is_not_the_next_ones(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    conversation = Conversation(ours)
    ours.settimeout(0.01)
    with pytest.raises(TimeoutError):
        conversation.ask({"what": "spawn", "name": "first"})
    ours.settimeout(30)
    late, reader = os.pipe()[::-1]

    def answer_both() -> None:
        first, _, _ = messages.receive(theirs)
        second, _, _ = messages.receive(theirs)
        messages.send(theirs, {"pid": 1, "number": first["number"]}, (late,))
        messages.send(theirs, {"pid": 2, "number": second["number"]})

    answering = threading.Thread(target=answer_both)
    answering.start()
    reply, passed = conversation.ask({"what": "spawn", "name": "second"})
    answering.join()
    os.close(late)

    assert reply["pid"] == 2
    assert passed == []
    # The late reply's descriptor was closed: nobody holds the pipe's writing end any more.
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_the_other_sides_end_is_an_empty_reply(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends

    def end() -> None:
        messages.receive(theirs)
        theirs.close()

    ending = threading.Thread(target=end)
    ending.start()
    assert Conversation(ours).ask({"what": "spawn"}) == ({}, [])
    ending.join()
