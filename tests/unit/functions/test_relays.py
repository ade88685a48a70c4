"""Relays: in order, without gaps, nothing twice."""

import asyncio

from console.functions.relays import BuildRelay, RunRelay


def log(seq: int) -> dict:
    return {"request_id": "r", "seq": seq, "kind": "log", "text": str(seq)}


def result(seq: int) -> dict:
    return {"request_id": "r", "seq": seq, "kind": "result", "result": {}}


class Stored:
    """What the store has, and what was sent to the client."""

    def __init__(self, *messages: dict) -> None:
        self.messages = list(messages)
        self.sent: list[int] = []
        self.asked = 0

    def relay(self, after: int = 0, quiet_s: float = 5.0) -> RunRelay:
        return RunRelay(after=after, send=self.send, replay=self.replay, quiet_s=quiet_s)

    async def send(self, message: dict) -> None:
        self.sent.append(message["seq"])

    async def replay(self, after: int) -> list[dict]:
        self.asked += 1
        return [message for message in self.messages if message["seq"] > after]


async def test_messages_wait_until_the_client_knows_the_run() -> None:
    stored = Stored()
    relay = stored.relay()
    await relay.take(log(1))
    assert stored.sent == []
    await relay.open()
    assert stored.sent == [1]


async def test_a_gap_is_filled_from_the_store() -> None:
    stored = Stored(log(1), log(2), log(3))
    relay = stored.relay()
    await relay.open()
    await relay.take(log(1))
    assert stored.asked == 0
    await relay.take(log(3))
    assert stored.sent == [1, 2, 3]


async def test_what_comes_twice_or_late_is_sent_once() -> None:
    stored = Stored()
    relay = stored.relay()
    await relay.open()
    for seq in (1, 2, 1, 2, 2):
        await relay.take(log(seq))
    assert stored.sent == [1, 2]


async def test_a_client_that_comes_back_gets_what_it_missed_only() -> None:
    stored = Stored(log(1), log(2), result(3))
    relay = stored.relay(after=1)
    await relay.open()
    await relay.catch_up()
    assert stored.sent == [2, 3]
    assert relay.over.is_set()


async def test_a_run_that_was_retried_goes_on_at_a_higher_number() -> None:
    stored = Stored(log(7), result(8))
    relay = stored.relay()
    await relay.open()
    await relay.take(result(8))
    assert stored.sent == [7, 8]


async def test_a_lost_last_ring_is_made_good() -> None:
    stored = Stored(log(1), result(2))
    relay = stored.relay(quiet_s=0.01)
    await relay.open()
    await asyncio.wait_for(relay.follow(), 5)
    assert stored.sent == [1, 2]


async def test_a_builds_log_is_sent_piece_by_piece_and_anew_when_begun_anew() -> None:
    states = iter(
        [
            ("a\n", "running", ""),
            ("a\nb\n", "running", ""),
            ("c\n", "running", ""),
            ("c\n", "ready", ""),
        ]
    )
    sent: list[tuple[str, str]] = []

    async def send(message: dict) -> None:
        sent.append((message["text"], message["state"]))
        relay.ring()

    async def read() -> tuple[str, str, str]:
        return next(states)

    relay = BuildRelay(send=send, read=read)
    await asyncio.wait_for(relay.follow(), 5)
    assert sent == [("a\n", "running"), ("b\n", "running"), ("c\n", "running"), ("", "ready")]
