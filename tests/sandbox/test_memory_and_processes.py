"""Attacks on the node's memory and process table. Each ends in its own sandbox."""

import os
import time
from pathlib import Path

import pytest

from runner.spec import Limit
from tests.sandboxes import Rig, wait_until

ECHO = "def handler(event, context):\n    return event\n"
HOARD = (
    "def handler(event, context):\n"
    "    hoard = []\n    while True:\n        hoard.append(bytearray(1 << 20))\n"
)
HOARDING_CHILD = (
    "import subprocess, sys\n"
    "HOARD = 'x = []\\nwhile True: x.append(bytearray(1 << 20))'\n"
    "def handler(event, context):\n"
    "    subprocess.run([sys.executable or '/usr/bin/python3', '-S', '-c', HOARD])\n"
    "    return 'outlived'\n"
)
HOARDING_CHILDREN = (
    "import os, time\n"
    "def handler(event, context):\n"
    "    for _ in range(8):\n"
    "        if os.fork() == 0:\n"
    "            hoard = bytearray(b'x' * (40 << 20))\n            time.sleep(60)\n"
    "    time.sleep(60)\n"
)
FORK_BOMB = (
    "import os\n"
    "def handler(event, context):\n"
    "    while True:\n"
    "        try:\n            os.fork()\n"
    "        except OSError:\n            pass\n"
)


@pytest.mark.parametrize(
    "attack",
    [HOARD, HOARDING_CHILD, HOARDING_CHILDREN],
    ids=["one process", "a child", "split over children"],
)
def test_a_memory_bomb_ends_its_whole_sandbox_and_names_the_limit(
    isolating_rig: Rig, attack: str
) -> None:
    neighbour = isolating_rig.start(ECHO)
    neighbour.result()
    function = isolating_rig.start(attack, memory_mb=128)
    answer = function.send()
    function.wait_ended()
    assert not answer.done() or answer.exception()
    assert function.sandbox.usage().limit is Limit.MEMORY
    assert neighbour.result("still here") == "still here"


def test_memory_below_the_limit_is_the_functions_own(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "def handler(event, context):\n    return len(b'x' * (90 << 20))\n",
        memory_mb=160,
    )
    assert function.result() == 90 << 20


def test_a_fork_bomb_stays_in_its_sandbox_and_ends_with_it(isolating_rig: Rig) -> None:
    neighbour = isolating_rig.start(ECHO)
    neighbour.result()
    function = isolating_rig.start(FORK_BOMB, memory_mb=512)
    function.send()
    time.sleep(1.0)
    began = time.monotonic()
    assert neighbour.result("still here") == "still here"
    assert time.monotonic() - began < 10
    function.sandbox.stop()
    assert not function.sandbox.alive()


def test_processes_of_a_sandbox_are_counted_together(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "import os, signal, time\n"
        "def handler(event, context):\n"
        "    n = 0\n"
        "    try:\n"
        "        while n < 2000:\n"
        "            if os.fork() == 0:\n                signal.pause()\n"
        "            n += 1\n"
        "    except BlockingIOError:\n        pass\n"
        "    return n\n",
        memory_mb=2048,
    )
    started = function.result()
    assert started < 1024
    assert function.sandbox.usage().limit is Limit.PROCESSES


def test_an_infinite_loop_gets_its_share_of_cpu_and_no_more(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "import time\n"
        "def handler(event, context):\n"
        "    end, before = time.monotonic() + event, time.process_time()\n"
        "    while time.monotonic() < end:\n        pass\n"
        "    return time.process_time() - before\n",
        memory_mb=177,  # a tenth of a CPU
    )
    used = function.result(1.5)
    assert used < 0.45, used


def test_an_infinite_loop_can_be_stopped(isolating_rig: Rig) -> None:
    function = isolating_rig.start("def handler(event, context):\n    while True:\n        pass\n")
    function.send()
    time.sleep(0.2)
    began = time.monotonic()
    function.sandbox.stop()
    assert time.monotonic() - began < 5
    assert not function.sandbox.alive()


def test_children_that_left_their_session_end_with_the_sandbox(isolating_rig: Rig) -> None:
    mark = f"outliving-{os.getpid()}"
    function = isolating_rig.start(
        "import os, subprocess\n"
        "def handler(event, context):\n"
        "    subprocess.Popen(['/bin/sh', '-c', 'while true; do sleep 0.05; done', event],\n"
        "                     start_new_session=True)\n"
    )
    function.result(mark)
    wait_until(lambda: _running(mark), "the child")
    function.sandbox.stop()
    assert not _running(mark)


def test_children_end_with_a_runtime_that_ends_by_itself(isolating_rig: Rig) -> None:
    mark = f"orphaned-{os.getpid()}"
    function = isolating_rig.start(
        "import os, subprocess\n"
        "def handler(event, context):\n"
        "    subprocess.Popen(['/bin/sh', '-c', 'sleep 60; true', event], start_new_session=True)\n"
        "    os._exit(0)\n"
    )
    function.send(mark)
    function.wait_ended()
    wait_until(lambda: not _running(mark), "the end of the child", 5)


def test_a_frozen_sandboxs_children_do_not_run_either(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "import subprocess, os\n"
        "def handler(event, context):\n"
        "    if event == 'start':\n"
        "        subprocess.Popen(['/bin/sh', '-c',\n"
        "            'while true; do echo x >> /tmp/ticks; sleep 0.01; done'])\n"
        "    return os.path.exists('/tmp/ticks') and os.path.getsize('/tmp/ticks')\n"
    )
    function.result("start")
    function.sandbox.freeze()
    ticks = Path(function.assignment.tmp) / "ticks"
    before = ticks.stat().st_size if ticks.exists() else 0
    time.sleep(0.3)
    after = ticks.stat().st_size if ticks.exists() else 0
    assert after == before
    function.sandbox.thaw()
    assert function.result("more") >= before


def _running(mark: str) -> bool:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    return True
            except OSError:
                continue
    return False
