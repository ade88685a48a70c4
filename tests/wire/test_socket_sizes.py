"""The Test socket through a live Daphne: what the editor may send, arrives."""

import base64
import json
import os
import re
import socket
import struct
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.installation import Installation, running_installation

MAKE = """
from console.accounts.models import Account
from console.functions.services import create_function
create_function(account=Account.objects.get(), name="rain", runtime="python3.11", by=None,
                files={"lambda_function.py": b"def lambda_handler(event, context): return 1"})
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running_installation(tmp_path_factory.mktemp("sizes") / "home") as it:
        yield it


def signed_in(it: Installation) -> tuple[str, str]:
    """The account that the first link leads to, and the cookies of its session."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    link = it.sign_in_link()
    page = browser.open(link, timeout=10).read().decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": found.group(1)}).encode()
    landed = browser.open(link, data=form, timeout=10).url
    account = urllib.parse.urlsplit(landed).path.strip("/")
    return account, "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def open_socket(it: Installation, path: str, cookies: str) -> socket.socket:
    wire = socket.create_connection(("localhost", it.port), timeout=30)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{it.port}", f"Origin: {it.url}"]
    lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += [f"Sec-WebSocket-Key: {key}", f"Cookie: {cookies}", "", ""]
    wire.sendall("\r\n".join(lines).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += wire.recv(1)
    assert b" 101 " in answer.splitlines()[0]
    return wire


def send(wire: socket.socket, text: str) -> None:
    """One frame; its mask is of zeros, which leaves the text as it is."""
    data = text.encode()
    wire.sendall(struct.pack("!BBQ4x", 0x81, 0x80 | 127, len(data)) + data)


def receive(wire: socket.socket) -> tuple[int, bytes]:
    """The kind and content of the next frame: 1 is text, 8 the end."""
    kind, length = wire_bytes(wire, 2)
    if length == 126:
        (length,) = struct.unpack("!H", wire_bytes(wire, 2))
    elif length == 127:
        (length,) = struct.unpack("!Q", wire_bytes(wire, 8))
    return kind & 0x0F, wire_bytes(wire, length)


def wire_bytes(wire: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = wire.recv(count - len(data))
        assert more, "the socket was cut"
        data += more
    return data


def test_a_message_of_5_mb_is_answered_and_the_socket_lives(installation: Installation) -> None:
    account, cookies = signed_in(installation)
    script = Path(installation.home) / "make.py"
    script.write_text(MAKE)
    installation.manage("shell", "-c", f"exec(open({str(script)!r}).read())")
    with open_socket(installation, f"/ws/{account}/functions/rain/", cookies) as wire:
        for _ in range(2):
            send(wire, json.dumps({"type": "nothing", "id": "big", "text": "x" * 5_000_000}))
            kind, content = receive(wire)
            assert kind == 1, content
            assert json.loads(content)["type"] == "refused"
            assert json.loads(content)["id"] == "big"
