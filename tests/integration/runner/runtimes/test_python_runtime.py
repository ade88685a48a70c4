"""Python functions of every kind, on every installed Python, through the Runtime API."""

import json
import time
from pathlib import Path

import pytest

from runner.runtimes import install
from tests import needs
from tests.integration.runner.runtimes.conftest import pythons
from tests.integration.runner.runtimes.runtime_process import ARN, make_event, running

KINDS = pythons()
SOME = [*{str(kind): kind for kind in (*KINDS[:1], *KINDS[-3:])}.values()]
"""The newest and oldest with the official client, and both ways to come by ours."""
each_python = pytest.mark.parametrize("kind", KINDS, ids=str)
some_pythons = pytest.mark.parametrize("kind", SOME, ids=str)
official = pytest.mark.parametrize("kind", [k for k in KINDS if not k.own_client][:1], ids=str)


def failure(answer):
    return json.loads(answer.body)


def test_this_machine_has_a_python_to_test():
    if not KINDS:
        needs.missing("no Python 3.9 or later was found")


@each_python
def test_a_handler_gets_event_and_context_and_answers(kind, start):
    code = """
def handler(event, context):
    return {
        "event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn,
        "name": context.function_name, "version": context.function_version,
        "memory": context.memory_limit_in_mb, "group": context.log_group_name,
        "left": context.get_remaining_time_in_millis(),
    }
"""
    runtime = start(kind, {"app.py": code}, "app.handler")
    assert runtime.init_error is None
    answer = runtime.invoke({"a": [1, "ü"]})
    got = json.loads(answer.body)
    assert answer.error_type == ""
    assert answer.content_type == "application/json"
    assert got["event"] == {"a": [1, "ü"]}
    assert got["arn"] == ARN
    assert (got["name"], got["version"], got["memory"]) == ("f", "$LATEST", "128")
    assert got["group"] == "/aws/lambda/f"
    assert 0 < got["left"] <= 3000


@some_pythons
def test_one_process_serves_many_events_and_keeps_its_globals(kind, start):
    code = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"
    runtime = start(kind, {"app.py": code}, "app.handler")
    assert [json.loads(runtime.invoke(i).body) for i in range(20)] == list(range(1, 21))


@some_pythons
def test_client_context_identity_and_trace_reach_the_function(kind, start):
    code = """
import os
def handler(event, context):
    return [context.client_context.custom["k"], context.client_context.client.app_title,
            context.identity.cognito_identity_id, os.environ.get("_X_AMZN_TRACE_ID")]
"""
    runtime = start(kind, {"app.py": code}, "app.handler")
    answer = runtime.invoke(
        client_context='{"custom": {"k": "v"},\n "client": {"app_title": "t"}}',
        cognito_identity='{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}',
        trace_id="Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1",
    )
    assert json.loads(answer.body) == [
        "v", "t", "i", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1",
    ]  # fmt: skip


@each_python
def test_what_is_raised_is_told_with_type_message_and_trace(kind, start):
    code = "def handler(event, context):\n    raise ValueError('no ünicorns')\n"
    runtime = start(kind, {"app.py": code}, "app.handler")
    answer = runtime.invoke({})
    assert answer.error_type == "ValueError"
    got = failure(answer)
    assert (got["errorType"], got["errorMessage"]) == ("ValueError", "no ünicorns")
    assert "app.py" in got["stackTrace"][0]
    assert "line 2, in handler" in got["stackTrace"][0]
    assert len(got["stackTrace"]) == 1
    assert got["requestId"]
    assert runtime.invoke({}).error_type == "ValueError"  # and it still serves
    assert "[ERROR] ValueError: no ünicorns\rTraceback (most recent call last):" in runtime.output()


@some_pythons
@pytest.mark.parametrize(
    ("code", "handler", "kind_of_error", "message"),
    [
        ("import nowhere", "app.handler", "Runtime.ImportModuleError", "No module named 'nowhere'"),
        ("", "other.handler", "Runtime.ImportModuleError", "No module named 'other'"),
        ("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def f(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("1/0", "app.handler", "ZeroDivisionError", "division by zero"),
    ],
)
def test_code_that_can_not_be_loaded_is_an_init_error(
    kind, start, code, handler, kind_of_error, message
):
    runtime = start(kind, {"app.py": code}, handler)
    assert runtime.init_error is not None
    assert runtime.init_error.error_type == kind_of_error
    got = json.loads(runtime.init_error.body)
    assert got["errorType"] == kind_of_error
    assert message in got["errorMessage"]
    assert got["requestId"] == ""
    assert runtime.exit_code() == 1


@some_pythons
@pytest.mark.parametrize("result", ["{1, 2}", "object()", "[print]"])
def test_what_json_has_not_is_a_marshal_error(kind, start, result):
    code = f"def handler(event, context):\n    return {result}\n"
    answer = start(kind, {"app.py": code}, "app.handler").invoke({})
    assert answer.error_type == "Runtime.MarshalError"
    message = failure(answer)["errorMessage"]
    assert message.startswith("Unable to marshal response: Object of type ")
    assert message.endswith(" is not JSON serializable")


@each_python
def test_bytes_and_nan_pass_as_on_lambda(kind, start):
    code = """
def handler(event, context):
    return {"bytes": b"raw", "inside": {"a": b"text"}, "nan": float("nan")}[event]
"""
    runtime = start(kind, {"app.py": code}, "app.handler")
    raw = runtime.invoke("bytes")
    assert (raw.body, raw.content_type) == (b"raw", "application/unknown")
    assert runtime.invoke("inside").body == b'{"a": "text"}'
    assert runtime.invoke("nan").body == b"NaN"


@some_pythons
def test_decimals_are_numbers(kind, start):
    code = """
from decimal import Decimal
def handler(event, context):
    return [Decimal("1.5"), Decimal("-12.25"), Decimal("NaN")]
"""
    body = start(kind, {"app.py": code}, "app.handler").invoke({}).body
    assert body == b"[1.5, -12.25, NaN]"


@each_python
def test_a_lone_surrogate_is_escaped_or_ends_the_process_as_on_lambda(kind, start):
    code = "def handler(event, context):\n    return '\\ud800'\n"
    runtime = start(kind, {"app.py": code}, "app.handler")
    escapes = kind.own_client or kind.runtime in ("python3.9", "python3.10", "python3.11")
    if escapes:
        assert runtime.invoke({}).body == b'"\\ud800"'
    else:  # these runtimes do not escape, and their client fails to encode it
        runtime.session.invoke(make_event())
        assert runtime.exit_code() == 1


@some_pythons
def test_a_response_over_the_limit_is_told_as_such(kind, start):
    code = "def handler(event, context):\n    return 'x' * event\n"
    runtime = start(kind, {"app.py": code}, "app.handler")
    fits = runtime.invoke(6_291_554)
    assert (len(fits.body), fits.too_large) == (6_291_556, False)
    answer = runtime.invoke(7_000_000)
    assert answer.too_large
    assert answer.size == 7_000_002
    assert len(answer.body) < 100_000


@some_pythons
@pytest.mark.parametrize(
    ("way", "code"), [("sys.exit(3)", 3), ("sys.exit()", 0), ("os._exit(7)", 7), ("exit(4)", 4)]
)
def test_leaving_ends_the_process_with_its_code(kind, start, way, code):
    source = f"import os, sys\ndef handler(event, context):\n    print('bye')\n    {way}\n"
    runtime = start(kind, {"app.py": source}, "app.handler")
    waiting = runtime.session.invoke(make_event())
    assert runtime.exit_code() == code
    assert not waiting.done()
    assert "bye" in runtime.output()
    with pytest.raises(ConnectionError):
        waiting.result(1)


@some_pythons
def test_a_thread_left_behind_does_not_keep_an_exiting_process(kind, start):
    source = """
import threading, time, sys, atexit
atexit.register(print, "at exit")
def handler(event, context):
    threading.Thread(target=time.sleep, args=(60,)).start()
    sys.exit(0)
"""
    runtime = start(kind, {"app.py": source}, "app.handler")
    runtime.session.invoke(make_event())
    before = time.monotonic()
    assert runtime.exit_code() == 0
    assert time.monotonic() - before < 10
    assert "at exit" in runtime.output()


@some_pythons
def test_print_and_logging_leave_while_the_function_runs(kind, start):
    code = """
import logging, sys, time
logging.getLogger().setLevel("INFO")
def handler(event, context):
    print("one", end=" ")
    print("line")
    sys.stderr.write("to stderr\\n")
    logging.info("told %s", "so")
    while True:
        time.sleep(1)
"""
    runtime = start(kind, {"app.py": code}, "app.handler")
    event = make_event()
    runtime.session.invoke(event)
    lines = [runtime.process.stdout.readline().decode() for _ in range(3)]
    assert lines[0] == "one line\n"
    assert lines[1] == "to stderr\n"
    level, _, request_id, text = lines[2].split("\t")
    assert (level, request_id, text) == ("[INFO]", event.request_id, "told so\n")


@each_python
def test_the_function_sees_nothing_of_how_it_was_started(kind, start):
    code = """
import os, sys, __main__
def handler(event, context):
    return {"environment": dict(os.environ), "path": sys.path, "argv": sys.argv,
            "cwd": os.getcwd(), "stdin": sys.stdin.read(), "main": sorted(vars(__main__)),
            "modules": sorted(sys.modules)}
"""
    runtime = start(kind, {"app.py": code}, "app.handler", environment={"MINE": "é"})
    got = json.loads(runtime.invoke({}).body)
    task = got["environment"]["LAMBDA_TASK_ROOT"]
    assert got["environment"]["MINE"] == "é"
    assert "PWD" not in got["environment"]
    assert got["path"][0] == task == got["cwd"]
    assert got["argv"] == [got["argv"][0]]
    assert got["argv"][0].endswith("/bootstrap.py")
    assert got["stdin"] == ""
    assert got["main"] == ["__doc__", "__loader__", "__name__", "__package__", "__spec__"]
    assert not {"bootstrap", "simplejson", "runtime_client"} & set(got["modules"])


@each_python
def test_its_own_modules_win_over_the_preloaded_ones(kind, start):
    code = "import uuid, simplejson\ndef handler(e, c):\n    return [uuid.me, simplejson.me]\n"
    files = {
        "app.py": code,
        "uuid.py": "me = 'mine'",
        "simplejson/__init__.py": "me = 'mine too'",
    }
    runtime = start(kind, files, "app.handler")
    assert json.loads(runtime.invoke({}).body) == ["mine", "mine too"]


@some_pythons
def test_a_handler_in_a_folder_is_found_by_dots_or_slashes(kind, start):
    files = {"pkg/__init__.py": "", "pkg/app.py": "def handler(e, c):\n    return 'here'"}
    assert start(kind, files, "pkg/app.handler").invoke({}).body == b'"here"'
    assert start(kind, files, "pkg.app.handler").invoke({}).body == b'"here"'


@some_pythons
def test_the_time_zone_is_the_functions(kind, start):
    code = "import time\ndef handler(event, context):\n    return time.tzname[0]\n"
    runtime = start(kind, {"app.py": code}, "app.handler", environment={"TZ": "Asia/Tokyo"})
    assert runtime.invoke({}).body == b'"JST"'


@official
def test_python_variables_count_in_a_fresh_start(kind, start):
    code = "import sys\ndef handler(event, context):\n    return sys.flags.optimize\n"
    own = {"PYTHONOPTIMIZE": "1"}
    runtime = start(kind, {"app.py": code}, "app.handler", environment=own, start_environment=own)
    assert runtime.invoke({}).body == b"1"


@official
def test_end_of_input_before_an_assignment_ends_it_quietly(kind, api_server, runtimes_home):
    place = install.runtime_dir(kind.interpreter, runtimes_home)
    with running(api_server, kind.interpreter, place) as runtime:
        runtime.process.stdin.close()
        assert runtime.exit_code() == 0
        assert runtime.process.stdout.read() == b""
        runtime.process.stdin = None


@official
def test_a_wrapper_script_starts_the_runtime(kind, start, tmp_path):
    wrapper = tmp_path / "wrapper"
    wrapper.write_text('#!/bin/sh\nexport WRAPPED=yes PYTHONOPTIMIZE=1\nexec "$@"\n')
    wrapper.chmod(0o755)
    code = """
import os, sys
def handler(event, context):
    return [os.environ["WRAPPED"], sys.flags.optimize, len(sys.argv), context.function_name]
"""
    runtime = start(
        kind,
        {"app.py": code},
        "app.handler",
        environment={"AWS_LAMBDA_EXEC_WRAPPER": str(wrapper)},
    )
    assert json.loads(runtime.invoke({}).body) == ["yes", 1, 1, "f"]


@official
def test_libraries_of_the_function_are_found(kind, start):
    code = "import os\ndef handler(event, context):\n    return os.environ['LD_LIBRARY_PATH']\n"
    files = {"app.py": code, "lib/libmine.so": b""}
    environment = {"LD_LIBRARY_PATH": "/var/task/lib"}
    runtime = start(kind, files, "app.handler", environment=environment)
    assert runtime.invoke({}).body == b'"/var/task/lib"'
    started_with = Path(f"/proc/{runtime.process.pid}/environ").read_bytes()
    assert b"LD_LIBRARY_PATH=/var/task/lib" in started_with
