"""A function may speak to its Runtime API itself: whatever it sends, others are served."""

import socket
import threading
import time

import pytest

from runner.runtime_api.server import MAX_CONNECTIONS
from tests.integration.runner.runtimes.raw_client import NEXT, ROOT, Client, Opened, wait_for
from tests.integration.runner.runtimes.runtime_process import make_event

STALL_MS = 3000
"""Far over any scheduling on a busy machine, far under a loop that stands still."""


@pytest.fixture
def neighbour(api_server):
    """Another sandbox, and how long its warm calls take while something goes on."""
    made = Opened(api_server)
    runtime = made.ready()

    def worst_call_ms(during: threading.Event) -> float:
        worst = 0.0
        while not during.is_set():
            event = make_event()
            before = time.perf_counter()
            future = made.session.invoke(event)
            runtime.answer()
            runtime.post(f"invocation/{event.request_id}/response", b"1")
            runtime.answer()
            future.result(10)
            worst = max(worst, (time.perf_counter() - before) * 1000)
            runtime.send(NEXT)
            time.sleep(0.005)
        return worst

    yield worst_call_ms
    made.close()


def attack_beside(neighbour, attack) -> float:
    """Run an attack in a thread and say how long the neighbour's slowest call took."""
    done = threading.Event()

    def run():
        try:
            attack()
        finally:
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    worst = neighbour(done)
    thread.join(30)
    return worst


def test_thousands_of_connections_are_held_back_and_hurt_nobody(opened, neighbour):
    opened.ready()
    sockets: list[socket.socket] = []

    def attack():
        end = time.monotonic() + 2
        while time.monotonic() < end and len(sockets) < 1000:
            made = socket.socket()
            made.setblocking(False)
            made.connect_ex(("127.0.0.1", opened.port))
            sockets.append(made)

    assert attack_beside(neighbour, attack) < STALL_MS
    assert len(opened.session.connections) <= MAX_CONNECTIONS
    for made in sockets:
        made.close()
    wait_for(lambda: len(opened.session.connections) <= 2)
    late = opened.client()  # and once they are gone, new ones are served again
    late.send(b"GET / HTTP/1.1\r\n\r\n")
    assert late.answer()[0] == 404


def test_one_byte_chunks_by_the_million_do_not_hold_up_a_neighbour(opened, neighbour):
    runtime = opened.ready()
    event = make_event()
    future = opened.session.invoke(event)
    runtime.answer()
    runtime.send(
        f"POST {ROOT}/invocation/{event.request_id}/response HTTP/1.1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
    )

    def attack():
        for _ in range(30):
            runtime.send(b"1\r\nx\r\n" * 10_000)
        runtime.send(b"0\r\n\r\n")

    assert attack_beside(neighbour, attack) < STALL_MS
    assert future.result(30).size == 300_000


def test_endless_heads_are_cut_off(opened, neighbour):
    clients = [opened.client() for _ in range(6)]

    def attack():
        for client in clients:
            try:
                client.send(b"GET / HTTP/1.1\r\nA: " + b"x" * 2_000_000)
            except OSError:
                continue

    assert attack_beside(neighbour, attack) < STALL_MS
    for client in clients:
        try:
            client.answer()
        except OSError:
            continue  # cut off before its answer could be read
    wait_for(lambda: not opened.session.connections)


def send_ahead(client: Client) -> None:
    for _ in range(200):
        client.send(NEXT * 1000)
        time.sleep(0.001)


def test_a_client_that_sends_ahead_without_end_is_cut_off(opened):
    runtime = opened.ready()
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        send_ahead(runtime)


def test_garbage_from_every_side_leaves_the_session_usable(opened):
    runtime = opened.ready()
    for garbage in (b"\0" * 100, b"\r\n\r\n", b"GET", b"\x16\x03\x01" + b"\xff" * 500, NEXT[:20]):
        client = opened.client()
        client.send(garbage)
        client.socket.close()
    event = make_event("fine")
    future = opened.session.invoke(event)
    assert runtime.answer()[2] == b'"fine"'
    runtime.post(f"invocation/{event.request_id}/response", b"1")
    assert future.result(10).body == b"1"
