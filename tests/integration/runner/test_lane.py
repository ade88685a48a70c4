"""How a call's end is told, against a real Valkey and channel layer."""

import json
import uuid
from dataclasses import replace

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from runner import admission, lane
from runner.results import group_of

PLACE = admission.Place(
    request_id="",
    account_id="111122223333",
    function_arn="arn:aws:lambda:us-east-1:111122223333:function:lane",
    reserved=1,
    account_limit=5,
    node_limit=5,
)


def leave(request_id: str, *, reply: str = "", told: str = "") -> lane.Left:
    return lane.leave(
        request_id=request_id,
        account_id=PLACE.account_id,
        function_arn=PLACE.function_arn,
        group=group_of(request_id),
        reply=reply,
        told=told,
    )


def place(request_id: str) -> admission.Place:
    return replace(PLACE, request_id=request_id)


def test_who_leaves_gives_its_place_back_and_twice_is_fine(valkey: str) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    admission.admit(place(first))
    with pytest.raises(admission.TooManyRequests):
        admission.admit(place(second))
    leave(first)
    leave(first)
    admission.admit(place(second))
    leave(second)


def test_what_is_told_is_heard_once_in_order_and_only_where_it_was_sent(valkey: str) -> None:
    here, there = f"virga:results:{uuid.uuid4().hex}", f"virga:results:{uuid.uuid4().hex}"
    for number in range(3):
        leave(str(uuid.uuid4()), reply=here, told=json.dumps({"n": number}))
    client = admission.connection()
    assert [json.loads(one)["n"] for one in lane.heard(client, here)] == [0, 1, 2]
    assert lane.heard(client, there) == []
    leave(str(uuid.uuid4()), reply=here, told="{}")
    assert 0 < client.pttl(here) <= 60_000, "what nobody fetches goes away by itself"


def test_who_joined_a_calls_group_is_seen_when_it_ends(valkey: str) -> None:
    request_id = str(uuid.uuid4())

    async def watched() -> tuple[lane.Left, lane.Left]:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(group_of(request_id), channel)
        during = leave(request_id)
        await layer.group_discard(group_of(request_id), channel)
        after = leave(request_id)
        await layer.flush()
        return during, after

    during, after = async_to_sync(watched)()
    assert (during.watchers, after.watchers) == (1, 0)


def test_that_events_wait_is_told_to_who_leaves(valkey: str) -> None:
    admission.mark_waiting(True)
    assert leave(str(uuid.uuid4())).events_wait
    admission.mark_waiting(False)
    assert not leave(str(uuid.uuid4())).events_wait
