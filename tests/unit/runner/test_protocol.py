"""The Runtime API's HTTP parser: what it takes, what it refuses, however the bytes come."""

import random

import pytest

from runner.runtime_api.protocol import (
    MAX_HEAD,
    BadRequest,
    Data,
    End,
    Event,
    Head,
    Parser,
)

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nX-One: a\r\n\r\nhello"
CHUNKED = (
    b"POST /y HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\nLambda-Runtime-Function-Error-Type: Oops\r\n\r\n"
)
EMPTY_CHUNKED = b"POST /z HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


def events_of(parser: Parser) -> list[Event]:
    found: list[Event] = []
    while (event := parser.next_event()) is not None:
        found.append(event)
    return found


def feed(*pieces: bytes) -> list[Event]:
    parser = Parser()
    found: list[Event] = []
    for piece in pieces:
        parser.receive(piece)
        found += events_of(parser)
    return found


def requests_of(events: list[Event]) -> list[tuple[str, bytes, dict[str, str]]]:
    """Each request as target, body and trailers, so that pieces don't matter."""
    done: list[tuple[str, bytes, dict[str, str]]] = []
    target, body = "", b""
    for event in events:
        if isinstance(event, Head):
            target, body = event.target, b""
        elif isinstance(event, Data):
            body += event.body
        else:
            done.append((target, body, event.trailers))
    return done


def test_a_request_without_body_is_a_head_and_an_end():
    head, end = feed(NEXT)
    assert isinstance(head, Head)
    assert isinstance(end, End)
    assert (head.method, head.target) == ("GET", "/2018-06-01/runtime/invocation/next")
    assert head.headers == {"host": "h"}
    assert head.keep_alive


def test_a_body_of_known_length_is_given_as_it_comes():
    assert [type(event) for event in feed(POST[:-2], POST[-2:])] == [Head, Data, Data, End]


def test_chunks_are_joined_and_trailers_read():
    assert requests_of(feed(CHUNKED)) == [
        ("/y", b"abc0123456789", {"lambda-runtime-function-error-type": "Oops"})
    ]


@pytest.mark.parametrize("seed", range(40))
def test_any_split_of_the_bytes_gives_the_same_requests(seed):
    chance = random.Random(seed)
    requests = [chance.choice((NEXT, POST, CHUNKED, EMPTY_CHUNKED)) for _ in range(12)]
    stream = b"".join(requests)
    cuts = sorted(chance.randrange(len(stream)) for _ in range(chance.randrange(1, 200)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert requests_of(feed(*pieces)) == requests_of(feed(stream))
    assert len(requests_of(feed(*pieces))) == 12


def test_one_byte_at_a_time_gives_the_same_requests():
    stream = POST + CHUNKED + NEXT
    pieces = [stream[at : at + 1] for at in range(len(stream))]
    assert requests_of(feed(*pieces)) == requests_of(feed(stream))


def refusal_of(stream: bytearray, chance: random.Random) -> int | None:
    parser = Parser()
    try:
        while stream:
            cut = chance.randrange(1, 40)
            parser.receive(bytes(stream[:cut]))
            del stream[:cut]
            events_of(parser)
    except BadRequest as refusal:
        return refusal.status
    return None


@pytest.mark.parametrize("seed", range(60))
def test_garbage_ends_in_a_refusal_or_in_waiting_never_in_another_error(seed):
    chance = random.Random(seed)
    stream = bytearray(POST + CHUNKED + NEXT + EMPTY_CHUNKED)
    for _ in range(chance.randrange(1, 30)):
        stream[chance.randrange(len(stream))] = chance.randrange(256)
    assert refusal_of(stream, chance) in (None, 400, 431, 501)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nNo colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nSpace : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000, 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * (MAX_HEAD + 1), 431),
    ],
)
def test_what_is_not_plain_http_is_refused(request_, status):
    parser = Parser()
    parser.receive(request_)
    with pytest.raises(BadRequest) as refusal:
        events_of(parser)
    assert refusal.value.status == status


def test_a_header_of_a_mebibyte_is_taken():
    head = feed(b"GET / HTTP/1.1\r\nLambda-Runtime-X: " + b"x" * 1_048_576 + b"\r\n\r\n")[0]
    assert isinstance(head, Head)
    assert len(head.headers["lambda-runtime-x"]) == 1_048_576


@pytest.mark.parametrize(
    ("request_", "keeps"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_the_connection_is_kept_as_the_client_asks(request_, keeps):
    head = feed(request_)[0]
    assert isinstance(head, Head)
    assert head.keep_alive is keeps


def test_a_client_that_waits_for_100_is_known():
    head = feed(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n")[0]
    assert isinstance(head, Head)
    assert head.expects_continue
