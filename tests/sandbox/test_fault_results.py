"""How functions end and what they return, end to end, in AWS's own words."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from runner import nodes, tasks
from runner.models import Invocation
from runner.spec import Limit, State
from tests.runners import RunnerProcess, Runners
from tests.sandbox.desk import Desk
from tests.sandbox.test_faults import Call, has_process, node, python
from tests.sandboxes import wait_until

EXIT = "Runtime.ExitError"
ENDS = [
    ("python", "import sys\nsys.exit(3)", "Runtime exited with error: exit status 3"),
    ("python", "import sys\nsys.exit()", "Runtime exited without providing a reason"),
    (
        "python",
        "import ctypes\nctypes.string_at(0)",
        "Runtime exited with error: signal: segmentation fault",
    ),
    ("python", "import os\nos.abort()", "Runtime exited with error: signal: aborted"),
    ("node", "process.exit(3)", "Runtime exited with error: exit status 3"),
    ("node", "process.exit(0)", "Runtime exited without providing a reason"),
    (
        "node",
        "process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {})",
        "Runtime exited with error: signal: segmentation fault",
    ),
    ("node", "process.abort()", "Runtime exited with error: signal: aborted"),
]


@pytest.mark.parametrize(("language", "fault", "words"), ENDS, ids=lambda v: v[:28])
def test_a_runtime_that_ends_is_an_exit_error(
    desk: Desk, neighbour: Call, language: str, fault: str, words: str
) -> None:
    source = python(fault) if language == "python" else node(fault)
    function = desk.function(source, language=language)
    ended = desk.run(function, "go")
    assert ended.error == (EXIT, f"RequestId: <id> Error: {words}")
    assert f"Error: {words}\nRuntime.ExitError\nEND RequestId: " in ended.log
    assert "\tStatus: error\tError Type: Runtime.ExitError\n" in ended.log
    assert desk.run(function).told == "well"
    neighbour()


AT_LOAD = [
    (
        "python",
        "import nowhere",
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named 'nowhere'",
    ),
    (
        "python",
        "x = 1",
        "Runtime.HandlerNotFound",
        "Handler 'handler' missing on module 'app'",
    ),
    ("python", "raise ValueError('at import')", "ValueError", "at import"),
    ("python", "def f(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': "),
    (
        "node",
        "require('nowhere')",
        "Runtime.ImportModuleError",
        "Error: Cannot find module 'nowhere'",
    ),
    (
        "node",
        "exports.other = 1",
        "Runtime.HandlerNotFound",
        "app.handler is undefined or not exported",
    ),
    ("node", "throw new RangeError('at load')", "RangeError", "at load"),
    ("node", "exports.handler = ( => 1", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
]


@pytest.mark.parametrize(("language", "source", "kind", "message"), AT_LOAD, ids=lambda v: v[:28])
def test_code_that_can_not_be_loaded_says_why(
    desk: Desk, neighbour: Call, language: str, source: str, kind: str, message: str
) -> None:
    function = desk.function(source, language=language)
    for _ in range(2):
        failed = desk.run(function)
        assert failed.error[0] == kind
        assert failed.error[1].startswith(message)
        assert failed.result.state is State.FAILED
        assert f"\tStatus: error\tError Type: {kind}\n" in failed.log
    neighbour()


@pytest.mark.parametrize("source", ["import sys\nsys.exit(4)", "import os\nos._exit(4)"])
def test_leaving_while_being_loaded_is_an_exit_error(desk: Desk, source: str) -> None:
    failed = desk.run(desk.function(source))
    assert failed.error == (
        EXIT,
        "RequestId: <id> Error: Runtime exited with error: exit status 4",
    )


# -- what is returned


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_response_of_7_mb_is_refused_and_the_next_call_works(desk: Desk, language: str) -> None:
    source = {"python": python("return 'x' * event"), "node": node("return 'x'.repeat(event)")}
    function = desk.function(source[language], language=language, timeout_s=30)
    large = desk.run(function, 7_000_000)
    assert large.error == (
        "Function.ResponseSizeTooLarge",
        "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    )
    assert large.result.limit is Limit.RESPONSE_SIZE
    assert large.result.duration_ms < 3_000
    again = desk.run(function, 6_291_554)
    assert len(again.result.payload) == 6_291_556
    # The official Python client gives up when a response is refused, as it does on Lambda.
    assert again.result.cold is (language == "python")
    assert "Http response code: 413" in large.log or language == "node"


def test_what_json_has_not_is_a_marshal_error_in_python(desk: Desk) -> None:
    function = desk.function(python("return {'set': {1}, 'object': object()}[event]"))
    kinds = {"set": "set", "object": "object"}
    for event, kind in kinds.items():
        assert desk.run(function, event).error == (
            "Runtime.MarshalError",
            f"Unable to marshal response: Object of type {kind} is not JSON serializable",
        )
    again = desk.run(function)
    assert (again.told, again.result.cold) == ("well", False)


def test_bytes_nan_and_half_a_character_end_in_a_result_in_python(desk: Desk) -> None:
    values = "{'bytes': b'a\\xff', 'nan': float('nan'), 'half': '\\ud800'}"
    function = desk.function(python(f"return {values}[event]"))
    assert desk.run(function, "bytes").result.payload == b"a\xff"
    assert desk.run(function, "nan").result.payload == b"NaN"
    half = desk.run(function, "half")
    assert half.result.payload == b'"\\ud800"' or half.result.error_type == EXIT
    assert desk.run(function).told == "well"


def test_what_json_has_not_in_node(desk: Desk) -> None:
    source = (
        "const ring = {}; ring.self = ring\n"
        "return {ring, big: 1n, set: new Set([1]), nan: NaN, half: '\\ud800'}[event]"
    )
    function = desk.function(node(source), language="node")
    for event in ("ring", "big"):
        kind, message = desk.run(function, event).error
        assert kind in ("Error", "TypeError")
        assert message == "Unable to stringify response body"
    assert desk.run(function, "set").result.payload == b"{}"
    assert desk.run(function, "nan").result.payload == b"null"
    assert desk.run(function, "half").result.payload == b'"\\ud800"'
    again = desk.run(function)
    assert (again.told, again.result.cold) == ("well", False)


@pytest.mark.parametrize("language", ["python", "node"])
def test_forged_lines_and_escape_codes_are_only_text(desk: Desk, language: str) -> None:
    forged = [
        "END RequestId: forged",
        "REPORT RequestId: forged\\tDuration: 0.01 ms\\tBilled Duration: 1 ms",
        "\\x1b[31mred\\x1b[0m <script>alert(1)</script>",
    ]
    lines = "\n".join(f"print('{line}')" for line in forged)
    written = "\n".join(f"process.stdout.write('{line}\\n')" for line in forged)
    source = {"python": python(f"{lines}\nreturn 1"), "node": node(f"{written}\nreturn 1")}
    run = desk.run(desk.function(source[language], language=language), "go")
    request_id = run.result.request_id
    assert "END RequestId: forged\nREPORT RequestId: forged\tDuration: 0.01 ms" in run.log
    assert "\x1b[31mred\x1b[0m <script>alert(1)</script>\n" in run.log
    last = run.log.splitlines()[-1]
    assert last.startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert f"Billed Duration: {run.result.billed_ms} ms" in last
    assert run.result.duration_ms != 0.01


# -- the runner


def test_200_slow_events_do_not_delay_another_accounts_call(desk: Desk, neighbour: Call) -> None:
    desk.account.concurrency_limit = 4
    desk.account.save()
    slow = desk.function(python("import time\ntime.sleep(1)"), timeout_s=30)
    sent = [desk.send(slow, "go") for _ in range(200)]
    wait_until(lambda: desk.row(sent[0]).state == State.SUCCEEDED, "the first event's end")
    neighbour()
    running = Invocation.objects.filter(function_arn__endswith=slow.name, state=State.RUNNING)
    assert running.count() <= 4
    Invocation.objects.filter(pk__in=sent, state=State.PENDING).delete()
    wait_until(lambda: not running.exists(), "the end of those that run")


def test_a_killed_runner_tells_its_caller_and_leaves_no_process(
    desk: Desk, real_runner: RunnerProcess, runners: Runners, real_backend: str
) -> None:
    mark = f"in-mid-run-{real_runner.process.pid}"
    source = (
        "import os, subprocess\nprint('began', flush=True)\n"
        "if not os.path.exists('/tmp/first'):\n"
        "    subprocess.run(['/bin/sh', '-c', 'sleep 60; true', event])\nreturn 'again'"
    )
    function = desk.function(python(source), timeout_s=90)
    call = desk.start(function, mark)
    desk.wait_printed(call, "began")
    assert has_process(mark)
    real_runner.kill()
    Invocation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    runners.serve(real_backend)
    tasks.reap()
    lost = desk.end_of(call)
    assert lost.result.state is State.LOST
    assert lost.error == (
        "Runner.Lost",
        "RequestId: <id> Error: The runner stopped while running it; run it again.",
    )
    assert "began\n" in lost.log
    wait_until(lambda: not has_process(mark), "the end of what ran", 10)
    assert desk.run(function).told == "well"


def test_a_runner_that_ends_leaves_nothing_behind(desk: Desk, real_runner: RunnerProcess) -> None:
    function = desk.function(python("return 1"))
    desk.run(function)
    assert nodes.alive(max_age_s=0)
    assert real_runner.end() == 0
    run_dir = Path(settings.RUN_DIR)
    assert str(run_dir) not in Path("/proc/self/mounts").read_text()
    assert not list((run_dir / "volumes").glob("*"))
    assert not has_process(str(run_dir) + "/volumes")
    assert json.dumps(list(nodes.alive(max_age_s=0))) == "[]"
