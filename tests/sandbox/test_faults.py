"""What functions do wrong, end to end: each fault is told in AWS's own shape, the
limit is named, the next call works and other accounts notice nothing."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from runner.spec import Limit, State
from tests.sandbox.desk import Desk
from tests.sandboxes import wait_until

Call = Callable[[], None]
OUT_OF_TIME = ("Sandbox.Timedout", "RequestId: <id> Error: Task timed out after 1.00 seconds")
KILLED = ("Runtime.ExitError", "RequestId: <id> Error: Runtime exited with error: signal: killed")


def python(fault: str, before: str = "") -> str:
    """A handler that does this when it is given an event, and nothing without one."""
    body = "".join(f"    {line}\n" for line in fault.splitlines())
    return (
        f"{before}\ndef handler(event, context):\n    if not event:\n        return 'well'\n{body}"
    )


def node(fault: str) -> str:
    """The same in JavaScript."""
    return f"exports.handler = async (event) => {{\n  if (!event) return 'well'\n{fault}\n}}\n"


def has_process(mark: str) -> bool:
    """Whether any process of the machine has this argument."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


def in_volumes(name: str) -> list[Path]:
    """Where a file that a function made in its /tmp still is."""
    return list((Path(settings.RUN_DIR) / "volumes").glob(f"*/{name}"))


# -- memory, processes and time

HOARD = "hoard = []\nwhile True:\n    hoard.append(bytearray(1 << 20))"
HOARDING_CHILDREN = (
    "import os, time\n"
    "for _ in range(8):\n"
    "    if os.fork() == 0:\n"
    "        hoard = bytearray(b'x' * (40 << 20))\n        time.sleep(60)\n"
    "time.sleep(60)"
)
HOARDING_BUFFERS = "const hoard = []\nfor (;;) hoard.push(Buffer.alloc(1 << 20, 1))"


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", python(HOARD)),
        ("python", python(HOARDING_CHILDREN)),
        ("node", node(HOARDING_BUFFERS)),
    ],
    ids=["one process", "split over children", "node"],
)
def test_a_memory_bomb_is_an_exit_that_names_the_memory(
    desk: Desk, neighbour: Call, language: str, source: str
) -> None:
    function = desk.function(source, language=language, timeout_s=30)
    bomb = desk.run(function, "go")
    assert bomb.error == KILLED
    assert bomb.result.limit is Limit.MEMORY
    assert bomb.result.max_memory_mb == 128
    assert "Max Memory Used: 128 MB" in bomb.log
    assert desk.run(function).told == "well"
    neighbour()


FORK_BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
LOOPS = [
    ("python", python(FORK_BOMB)),
    ("python", python("while True:\n    pass")),
    ("node", node("for (;;) {}")),
]


@pytest.mark.parametrize(("language", "source"), LOOPS, ids=["fork bomb", "python", "node"])
def test_what_never_ends_is_a_timeout(
    desk: Desk, neighbour: Call, language: str, source: str
) -> None:
    function = desk.function(source, language=language, timeout_s=1, memory_mb=512)
    going = desk.start(function, "go")
    wait_until(lambda: desk.row(going).state == State.RUNNING, "its start")
    neighbour()
    endless = desk.end_of(going)
    assert endless.error == OUT_OF_TIME
    assert endless.result.limit is Limit.TIMEOUT
    assert endless.result.duration_ms == 1000
    assert endless.result.max_memory_mb <= 512
    assert f"{going} Task timed out after 1.00 seconds\n" in endless.log
    assert "\tStatus: timeout\n" in endless.log
    assert desk.run(function).told == "well"
    neighbour()


# -- disk and output

FILL = "with open(event, 'wb') as file:\n    while True:\n        file.write(b'x' * (1 << 20))"
FILL_NODE = "const file = require('fs').openSync(event, 'w')\nfor (;;) require('fs').writeSync(file, Buffer.alloc(1 << 20))"  # fmt: skip  # noqa: E501


def test_a_full_tmp_is_the_functions_own_error_and_names_the_limit(
    desk: Desk, neighbour: Call
) -> None:
    function = desk.function(python(FILL), timeout_s=30)
    full = desk.run(function, "/tmp/filling")
    assert full.error == ("OSError", "[Errno 28] No space left on device")
    assert full.told["stackTrace"]
    assert full.result.limit is Limit.TMP
    assert desk.run(function).told == "well"
    neighbour()


def test_a_full_tmp_in_node(desk: Desk, neighbour: Call) -> None:
    function = desk.function(node(FILL_NODE), language="node", timeout_s=30)
    full = desk.run(function, "/tmp/filling")
    assert full.error == ("Error", "ENOSPC: no space left on device, write")
    assert full.result.limit is Limit.TMP
    neighbour()


@pytest.mark.parametrize("place", ["/dev/shm/x", "/var/task/x", "/usr/x", "/etc/x", "/proc/x"])
def test_no_other_place_takes_much(desk: Desk, place: str) -> None:
    function = desk.function(python(FILL), memory_mb=512, timeout_s=30)
    refused = desk.run(function, place)
    kind, message = refused.error
    assert kind in ("OSError", "PermissionError", "FileNotFoundError"), message
    assert message.startswith("[Errno ")
    assert refused.result.limit is None
    assert desk.run(function).told == "well"


def test_giant_sparse_files_and_deep_folders_go_with_the_function(desk: Desk) -> None:
    mark = f"trouble-{os.getpid()}"
    source = (
        "import os\nos.mkdir('/tmp/' + event)\nos.chdir('/tmp/' + event)\n"
        "with open('giant', 'wb') as file:\n"
        "    file.seek((1 << 33) - 1)\n    file.write(b'x')\n"
        "for _ in range(1000):\n    os.mkdir('deep' * 10)\n    os.chdir('deep' * 10)\n"
        "os.chdir('/')\nreturn 'made'"
    )
    function = desk.function(python(source), timeout_s=30)
    assert desk.run(function, mark).told == "made"
    assert in_volumes(mark)
    latest = function.versions.get(version="$LATEST")
    latest.memory_mb = 256  # another configuration: the old sandbox has no use any more
    latest.save()
    assert desk.run(function).told == "well"
    wait_until(lambda: not in_volumes(mark), "the end of its /tmp")


def test_a_flood_of_output_is_cut_and_said_so(desk: Desk, neighbour: Call) -> None:
    flood = "import os\nfor _ in range(160):\n    os.write(1, b'x' * 65535 + b'\\n')\nreturn 'done'"
    function = desk.function(python(flood), timeout_s=60)
    flooded = desk.run(function, "go")
    assert flooded.told == "done"
    assert flooded.result.limit is Limit.LOG_SIZE
    assert len(flooded.log) < 2_200_000
    assert "[output over 2,097,152 bytes is not kept]\nEND RequestId: " in flooded.log
    assert desk.run(function).told == "well"
    neighbour()


# -- what is not the function's

REACH = """
import errno, os, socket
found = []
for family, address in event:
    try:
        with socket.socket(getattr(socket, family)) as connection:
            connection.settimeout(1)
            connection.connect(address if isinstance(address, str) else tuple(address))
        found.append(address)
    except OSError:
        pass
return found
"""


def test_neither_the_metadata_address_nor_the_services_can_be_reached(desk: Desk) -> None:
    places = [
        ["AF_INET", ["169.254.169.254", 80]],
        ["AF_INET", ["127.0.0.1", settings.PORT]],
        ["AF_INET", ["127.0.0.1", settings.ENDPOINT_PORT]],
        ["AF_INET", ["127.0.0.1", 5432]],
        ["AF_INET", ["127.0.0.1", 6379]],
        ["AF_UNIX", "/var/run/docker.sock"],
        ["AF_UNIX", str(settings.VALKEY_SOCKET)],
    ]
    function = desk.function(python(REACH), timeout_s=30)
    assert Path(settings.VALKEY_SOCKET).exists()
    assert desk.run(function, places).told == []


def test_nothing_of_the_host_or_of_other_sandboxes_can_be_read(desk: Desk, neighbour: Call) -> None:
    look = """
import os
seen = []
for pid in filter(str.isdigit, os.listdir('/proc')):
    for name in ('environ', 'cmdline'):
        try:
            seen.append(open(f'/proc/{pid}/{name}', 'rb').read().decode('latin-1'))
        except OSError:
            pass
return [[word for word in event if any(word in text for text in seen)],
        [word for word in event if word.startswith('/') and os.path.exists(word)]]
"""
    function = desk.function(python(look))
    words = ["VIRGA_HOME", "celery", "runner_process", str(settings.CODE_STORE)]
    words += [str(settings.VIRGA_HOME / "keys"), str(settings.VIRGA_HOME / "test.sqlite3")]
    assert desk.run(function, words).told == [[], []]


def test_a_child_that_outlives_the_handler_rests_and_ends_with_it(
    desk: Desk, neighbour: Call
) -> None:
    mark = f"outliving-{os.getpid()}-{time.monotonic_ns()}"
    source = python(
        "import subprocess\n"
        "if event != 'exit':\n"
        "    subprocess.Popen(['/bin/sh', '-c', 'while :; do echo tick; sleep .01; done', event],\n"
        "                     start_new_session=True)\n"
        "    return 'left one behind'\n"
        "import os\nos._exit(1)"
    )
    function = desk.function(source)
    first = desk.run(function, mark)
    assert first.told == "left one behind"
    assert has_process(mark)
    time.sleep(0.3)
    assert desk.log(first.result.request_id) == first.log
    neighbour()
    assert desk.run(function).told == "well"
    assert desk.run(function, "exit").result.error_type == "Runtime.ExitError"
    wait_until(lambda: not has_process(mark), "the end of the child", 10)
    assert desk.run(function).told == "well"
