"""What every backend promises (runner/sandboxes/base.py), and the fake with them."""

import os
import time
from pathlib import Path

import pytest

from runner.errors import SandboxFailed
from runner.sandboxes.base import Assignment, Usage
from tests.sandboxes import Function, Rig, lambda_environment

ECHO = "def handler(event, context):\n    return event\n"
ECHO_JS = "exports.handler = async (event) => event;\n"
COUNTING = """
import threading, time
n = 0
def count():
    global n
    while True:
        n += 1
        time.sleep(0.001)
threading.Thread(target=count, daemon=True).start()
def handler(event, context):
    return n
"""


def pids_of(function: Function) -> list[int]:
    inner = function.sandbox._inner
    return list(inner._enforcer.processes()) if hasattr(inner, "_enforcer") else []


def test_a_prepared_sandbox_is_alive_and_has_used_something(rig: Rig) -> None:
    sandbox = rig.prepare()
    try:
        assert sandbox.alive()
        assert sandbox.usage().exit_code is None
        assert sandbox.usage().limit is None
    finally:
        sandbox.stop()


def test_an_assigned_sandbox_answers_events(rig: Rig) -> None:
    function = rig.start(ECHO)
    assert function.result({"a": 1}) == {"a": 1}
    assert function.result([2]) == [2]


def test_node_answers_events(isolating_rig: Rig) -> None:
    assert isolating_rig.start(ECHO_JS, language="node").result({"a": 1}) == {"a": 1}


def test_what_the_function_prints_comes_out_in_order(rig: Rig) -> None:
    function = rig.start(
        "import os\nprint('loading')\n"
        "def handler(event, context):\n    print('one')\n    os.write(2, b'two\\n')\n"
    )
    function.result()
    function.wait_printed("loading\none\ntwo\n")


def test_a_sandbox_takes_one_assignment_only(rig: Rig) -> None:
    function = rig.start(ECHO)
    function.result()
    with pytest.raises(SandboxFailed):
        function.sandbox.assign(function.assignment)
    assert function.result(3) == 3


def test_a_frozen_sandbox_does_not_run_and_goes_on_when_thawed(rig: Rig) -> None:
    function = rig.start(COUNTING)
    function.result()
    function.sandbox.freeze()
    function.sandbox.freeze()
    answer = function.send()
    time.sleep(0.3)
    assert not answer.done()
    function.sandbox.thaw()
    answer.result(5)


def test_usage_tells_a_peak_and_forgets_it_with_the_next_thaw(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "def handler(event, context):\n    x = bytearray(event << 20)\n    return len(x)\n"
    )
    function.result(60)
    assert 60 < function.sandbox.usage().peak_mb < 130
    function.sandbox.freeze()
    function.sandbox.thaw()
    function.result(0)
    assert function.sandbox.usage().peak_mb < 60


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("import sys; sys.exit(3)", 3),
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
    ],
)
def test_the_runtime_that_ended_tells_its_exit_code(
    isolating_rig: Rig, way: str, code: int
) -> None:
    function = isolating_rig.start(f"def handler(event, context):\n    {way}\n")
    function.send()
    function.wait_ended()
    assert function.sandbox.usage().exit_code == code
    function.sandbox.stop()
    assert function.sandbox.usage() == Usage(0, exit_code=code)


def test_stop_leaves_no_process_and_may_be_called_twice(rig: Rig) -> None:
    function = rig.start(ECHO)
    function.result()
    pids = pids_of(function)
    function.sandbox.stop()
    function.sandbox.stop()
    assert not function.sandbox.alive()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert function.sandbox.usage().peak_mb == 0


def test_a_frozen_sandbox_can_be_stopped(rig: Rig) -> None:
    function = rig.start(ECHO)
    function.result()
    function.sandbox.freeze()
    function.sandbox.stop()
    assert not function.sandbox.alive()


def test_calls_on_the_dead_answer_with_the_reason(rig: Rig) -> None:
    function = rig.start(ECHO)
    function.result()
    function.sandbox.stop()
    for call in (function.sandbox.freeze, function.sandbox.thaw):
        with pytest.raises(SandboxFailed, match="it was stopped"):
            call()
    with pytest.raises(SandboxFailed):
        function.sandbox.assign(function.assignment)


def test_stop_with_grace_lets_the_runtime_say_goodbye(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "import signal, sys, time\n"
        "def bye(*_):\n    print('goodbye', flush=True)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, bye)\n"
        "def handler(event, context):\n    print('working')\n    time.sleep(60)\n"
    )
    function.send()
    function.wait_printed("working")
    copy = os.dup(function.sandbox.output)
    try:
        function.sandbox.stop(grace=5.0)
        os.set_blocking(copy, False)
        assert "goodbye" in function.printed or b"goodbye" in os.read(copy, 1000)
    finally:
        os.close(copy)


def test_code_that_is_not_there_breaks_the_sandbox(isolating_rig: Rig) -> None:
    sandbox = isolating_rig.prepare()
    nowhere = Assignment(
        code=isolating_rig.folder / "nowhere",
        handler="app.handler",
        environment=lambda_environment(128),
        memory_mb=128,
        tmp=isolating_rig.volume().path,
    )
    with pytest.raises(SandboxFailed):
        sandbox.assign(nowhere)
    assert not sandbox.alive()
    sandbox.stop()


def test_a_sandbox_sees_code_dependencies_layers_and_runtime_read_only(isolating_rig: Rig) -> None:
    dependencies = isolating_rig.code({"python/wanted.py": "answer = 42\n"})
    layers = (
        isolating_rig.code({"python/one.py": "name = 'first'\n", "python/two.py": "n = 1\n"}),
        isolating_rig.code({"python/one.py": "name = 'second'\n"}),
    )
    function = isolating_rig.start(
        "import errno, one, two, wanted\n"
        "def refused(path):\n"
        "    try:\n        open(path, 'w')\n"
        "    except OSError as error:\n        return errno.errorcode[error.errno]\n"
        "def handler(event, context):\n"
        "    return [wanted.answer, one.name, two.n, [refused(path) for path in event]]\n",
        dependencies=dependencies,
        layers=layers,
    )
    places = [
        "/var/task/x",
        "/var/task/app.py",
        "/var/dependencies/x",
        "/var/dependencies/python/wanted.py",
        "/opt/x",
        "/var/runtime/x",
        "/usr/x",
        "/etc/passwd",
        "/x",
    ]
    found = function.result(places)
    assert found[:3] == [42, "second", 1]
    assert set(found[3]) <= {"EROFS", "EACCES"}, found[3]
    assert (function.assignment.code / "app.py").read_text().startswith("import errno")


def test_node_finds_its_dependencies_from_the_code(isolating_rig: Rig) -> None:
    dependencies = isolating_rig.code(
        {
            "node_modules/wanted/package.json": '{"main": "index.js"}',
            "node_modules/wanted/index.js": "module.exports = 42;",
        }
    )
    function = isolating_rig.start(
        "const wanted = require('wanted');\nexports.handler = async () => wanted;\n",
        language="node",
        dependencies=dependencies,
    )
    assert function.result() == 42


def test_tmp_survives_into_a_successor(isolating_rig: Rig) -> None:
    volume = isolating_rig.volume()
    writes = (
        "import os\ndef handler(event, context):\n"
        "    os.makedirs('/tmp/a/b')\n    os.chmod('/tmp/a', 0o700)\n"
        "    open('/tmp/a/b/kept', 'w').write('yes')\n"
    )
    first = isolating_rig.start(writes, volume=volume)
    first.result()
    first.sandbox.stop()
    reads = (
        "def handler(event, context):\n"
        "    open('/tmp/a/b/kept', 'a').write('!')\n    return open('/tmp/a/b/kept').read()\n"
    )
    assert isolating_rig.start(reads, volume=volume).result() == "yes!"


def test_variables_reach_the_function_and_nothing_else_does(isolating_rig: Rig) -> None:
    os.environ["VIRGA_SECRET_OF_THE_HOST"] = "leaked"
    function = isolating_rig.start(
        "import os\ndef handler(event, context):\n    return dict(os.environ)\n",
        environment={"GREETING": "hello \u00e9\n"},
    )
    seen = function.result()
    assert seen["GREETING"] == "hello \u00e9\n"
    assert "VIRGA_SECRET_OF_THE_HOST" not in seen


def test_variables_read_at_the_start_force_one_that_reads_them(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "import sys\ndef handler(event, context):\n    return sys.flags.optimize\n",
        start_environment={"PYTHONOPTIMIZE": "1"},
        environment={"PYTHONOPTIMIZE": "1"},
    )
    assert function.result() == 1
    node = isolating_rig.start(
        "exports.handler = async () => process.title;\n",
        language="node",
        start_environment={"NODE_OPTIONS": "--title=started"},
        environment={"NODE_OPTIONS": "--title=started"},
    )
    assert node.result() == "started"


def test_sweeping_leaves_the_living_alone(rig: Rig) -> None:
    function = rig.start(ECHO)
    function.result()
    rig.backend.sweep()
    assert function.result(5) == 5


def test_initialising_has_a_whole_cpu_and_events_have_their_share(isolating_rig: Rig) -> None:
    function = isolating_rig.start(
        "import time\n"
        "def burn(cpu):\n"
        "    began, end = time.monotonic(), time.process_time() + cpu\n"
        "    while time.process_time() < end:\n        pass\n"
        "    return cpu / (time.monotonic() - began)\n"
        "at_first = burn(0.3)\n"
        "def handler(event, context):\n    return [at_first, burn(0.1)]\n",
        memory_mb=177,  # a tenth of a CPU
    )
    at_first, later = function.result()
    assert later < 0.2
    assert at_first > 1.2 * later
