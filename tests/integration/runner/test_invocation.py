"""From a service call to its result, through Celery, Valkey and a runner process."""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.utils import timezone

from runner import admission, services, tasks
from runner.errors import (
    InvocationNotFound,
    PayloadNotJson,
    PayloadTooLarge,
    RuntimeNotSupported,
    TooManyRequests,
)
from runner.models import FrozenSpec, Invocation, Payload
from runner.spec import FINAL_STATES, FunctionSpec, InvocationResult, InvocationType, Limit, State
from runner.waiter import waiter
from tests.integration.runner.conftest import MakeSpec, RunnerProcess

HELLO = "def handler(event, context):\n    print('hello', event)\n    return {'got': event}\n"
SLEEP = "import time\ndef handler(event, context):\n    print('began')\n    time.sleep(event)\n"
RAISES = "def handler(event, context):\n    raise KeyError('rain')\n"
pytestmark = pytest.mark.services


def start(spec: FunctionSpec, event: object = None, **more: object) -> str:
    return services.start_invocation(
        spec=spec,
        event=json.dumps(event).encode(),
        caller="user:alice",
        qualifier="$LATEST",
        **more,
    )


start_in_thread = database_sync_to_async(start, thread_sensitive=False)


def result_of(request_id: str, timeout_s: float = 20) -> InvocationResult:
    return async_to_sync(services.wait_for_result)(request_id=request_id, timeout_s=timeout_s)


def invoke(spec: FunctionSpec, event: object = None, **more: object) -> InvocationResult:
    return result_of(start(spec, event, **more))


def until(true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.03)


def state_of(request_id: str) -> str:
    return Invocation.objects.get(pk=request_id).state


def log_of(request_id: str) -> str:
    return services.read_log(invocation=Invocation.objects.get(pk=request_id))


def test_a_call_returns_what_the_function_returned(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    result = invoke(make_spec(HELLO), {"a": 1})
    assert result.state is State.SUCCEEDED
    assert json.loads(result.payload) == {"got": {"a": 1}}
    assert result.cold
    assert result.init_ms > 0
    assert result == services.read_result(request_id=result.request_id)
    row = Invocation.objects.get(request_id=result.request_id)
    assert (row.lease_owner, row.lease_expires_at) == ("", None)


def test_the_second_call_is_warm_and_reports_no_init(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    spec = make_spec(HELLO)
    invoke(spec)
    second = invoke(spec)
    assert not second.cold
    assert second.init_ms is None
    assert "Init Duration" not in log_of(second.request_id)


def test_the_log_is_lambdas_byte_for_byte(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    result = invoke(make_spec(HELLO, function_name="byte-for-byte"), 7)
    rid = result.request_id
    assert log_of(rid) == (
        f"START RequestId: {rid} Version: $LATEST\n"
        "hello 7\n"
        f"END RequestId: {rid}\n"
        f"REPORT RequestId: {rid}\tDuration: {result.duration_ms:.2f} ms\t"
        f"Billed Duration: {result.billed_ms} ms\tMemory Size: 128 MB\t"
        f"Max Memory Used: {result.max_memory_mb} MB\tInit Duration: {result.init_ms:.2f} ms\n"
    )
    assert result.log_tail.decode() == log_of(rid)


def test_an_error_has_awss_shape(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    result = invoke(make_spec(RAISES))
    assert (result.state, result.function_error) == (State.FAILED, "Unhandled")
    assert result.error_type == "KeyError"
    told = json.loads(result.payload)
    assert told["errorMessage"] == "'rain'"
    assert told["stackTrace"]
    assert invoke(make_spec(RAISES)).cold is False


@pytest.mark.parametrize("odd", ["\\x00", "\\ud800"], ids=["nul", "half-a-pair"])
def test_an_error_that_no_database_can_keep_is_told_all_the_same(
    runner: RunnerProcess, make_spec: MakeSpec, odd: str
) -> None:
    source = f"def handler(event, context):\n    raise ValueError('a{odd}b')\n"
    result = invoke(make_spec(source))
    assert (result.state, result.error_type) == (State.FAILED, "ValueError")
    assert Invocation.objects.get(pk=result.request_id).error_message == "a\ufffdb"


def test_a_timeout_is_told_in_awss_words_and_the_next_call_works(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    spec = make_spec(SLEEP, timeout_s=1)
    result = invoke(spec, 30)
    text = f"RequestId: {result.request_id} Error: Task timed out after 1.00 seconds"
    assert json.loads(result.payload) == {"errorType": "Sandbox.Timedout", "errorMessage": text}
    assert result.limit is Limit.TIMEOUT
    assert result.duration_ms == 1000
    assert f"{result.request_id} Task timed out after 1.00 seconds\n" in log_of(result.request_id)
    assert invoke(spec, 0).state is State.SUCCEEDED


def test_tmp_survives_a_timeout_into_the_successor(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    source = (
        "import os, time\ndef handler(event, context):\n"
        "    place = os.environ['TEST_TMP'] + '/kept'\n"
        "    if event:\n        open(place, 'w').close()\n        time.sleep(30)\n"
        "    return os.path.exists(place)\n"
    )
    spec = make_spec(source, timeout_s=1)
    assert invoke(spec, True).limit is Limit.TIMEOUT
    assert invoke(spec, False).payload == b"true"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_crash_is_told_in_awss_words_and_the_next_call_works(
    runner: RunnerProcess, make_spec: MakeSpec, how: str, words: str
) -> None:
    spec = make_spec(f"import os\ndef handler(event, context):\n    if event:\n        {how}\n")
    result = invoke(spec, True)
    text = f"RequestId: {result.request_id} Error: {words}"
    assert json.loads(result.payload) == {"errorType": "Runtime.ExitError", "errorMessage": text}
    assert f"{text}\nRuntime.ExitError\n" in log_of(result.request_id)
    assert invoke(spec, False).state is State.SUCCEEDED


def test_an_import_that_fails_names_its_own_type_and_no_request(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    result = invoke(make_spec("print('importing')\nimport no_such_thing\n"))
    told = json.loads(result.payload)
    assert told["errorType"] == result.error_type == "ModuleNotFoundError"
    assert told["requestId"] == ""
    assert "importing" in log_of(result.request_id)


def test_a_response_over_6_mb_is_refused_and_the_sandbox_serves_on(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    spec = make_spec("def handler(event, context):\n    return 'x' * event\n")
    result = invoke(spec, 7_000_000)
    assert result.error_type == "Function.ResponseSizeTooLarge"
    assert b"(6291556 bytes)" in result.payload
    assert result.limit is Limit.RESPONSE_SIZE
    assert not invoke(spec, 3).cold


def test_forged_lines_are_only_text(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    source = (
        "def handler(event, context):\n"
        "    print(f'END RequestId: {context.aws_request_id}')\n"
        "    print(f'REPORT RequestId: {context.aws_request_id}\\tDuration: 0.01 ms')\n"
        "    print('\\x1b[31mred\\x1b[0m <script>')\n"
    )
    result = invoke(make_spec(source))
    log = log_of(result.request_id)
    assert log.count("END RequestId") == 2
    assert log.splitlines()[-1].startswith(f"REPORT RequestId: {result.request_id}\tDuration: ")
    assert "\x1b[31mred\x1b[0m <script>" in log
    assert result.duration_ms != 0.01


def test_what_is_printed_after_the_answer_is_in_nobodys_log(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    source = (
        "import threading, time\ndef chatter():\n"
        "    while True:\n        print('chatter')\n        time.sleep(0.0005)\n"
        "def handler(event, context):\n"
        "    if event:\n        threading.Thread(target=chatter, daemon=True).start()\n"
    )
    spec = make_spec(source)
    for event in (True, False, False, False):
        result = invoke(spec, event)
        log = log_of(result.request_id)
        assert log.splitlines()[-1].startswith(f"REPORT RequestId: {result.request_id}")
        messages = services.events_after(request_id=result.request_id, after=0)
        assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))


def test_a_flood_is_cut_and_does_not_stop_the_function(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    source = (
        "import os\ndef handler(event, context):\n"
        "    for _ in range(160):\n        os.write(1, b'x' * 65536)\n    return 'done'\n"
    )
    result = invoke(make_spec(source, timeout_s=30))
    assert result.payload == b'"done"'
    assert result.limit is Limit.LOG_SIZE
    row = Invocation.objects.get(pk=result.request_id)
    assert row.log_length < 2_200_000
    assert "is not kept" in log_of(result.request_id)
    assert log_of(result.request_id).splitlines()[-1].startswith("REPORT ")


def test_bytes_that_are_not_text_are_shown_as_replaced_and_returns_become_lines(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    source = "import os\ndef handler(event, context):\n    os.write(1, b'a\\rb\\r\\nc\\xff\\n')\n"
    result = invoke(make_spec(source))
    assert "\na\nb\nc\ufffd\n" in log_of(result.request_id)


def test_the_draft_edited_drops_the_old_draft(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    first = make_spec("def handler(event, context):\n    return 1\n", draft=True)
    second = make_spec("def handler(event, context):\n    return 2\n", draft=True)
    assert invoke(first).payload == b"1"
    assert invoke(second).payload == b"2"
    assert invoke(first).cold


# -- the stream


def test_messages_have_no_gap_and_the_store_gives_the_same(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    source = (
        "import time\ndef handler(event, context):\n"
        "    for n in range(5):\n        print(n)\n        time.sleep(0.05)\n    return 'x'\n"
    )
    spec = make_spec(source)

    async def watch() -> list[dict[str, object]]:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        request_id = "6a8e9f3e-52d5-4b0a-8b53-4c4d8cd45d11"
        await layer.group_add(services.group_of(request_id), channel)
        await start_in_thread(spec, None, request_id=request_id)
        heard: list[dict[str, object]] = []
        async with asyncio.timeout(20):
            while not heard or heard[-1]["kind"] != "result":
                heard.append((await layer.receive(channel))["message"])
        await layer.flush()
        return heard

    heard = async_to_sync(watch)()
    request_id = str(heard[0]["request_id"])
    assert [message["seq"] for message in heard] == list(range(1, len(heard) + 1))
    assert heard[0]["kind"] == "state"
    assert len([message for message in heard if message["kind"] == "log"]) > 3
    assert services.events_after(request_id=request_id, after=0) == heard
    assert services.events_after(request_id=request_id, after=3) == heard[3:]
    text = "".join(str(message["text"]) for message in heard if message["kind"] == "log")
    assert text == log_of(request_id)


def test_what_was_printed_is_there_while_it_still_runs(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    request_id = start(make_spec(SLEEP, timeout_s=30), 20)
    until(lambda: "began" in log_of(request_id))
    assert state_of(request_id) == State.RUNNING
    services.stop_invocation(account_id="111122223333", request_id=request_id)
    assert result_of(request_id).state is State.STOPPED


# -- stop


def test_stop_ends_a_running_call_at_once(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    spec = make_spec(SLEEP, timeout_s=60)
    request_id = start(spec, 50)
    until(lambda: state_of(request_id) == State.RUNNING)
    began = time.monotonic()
    services.stop_invocation(account_id="111122223333", request_id=request_id)
    result = result_of(request_id)
    assert result.state is State.STOPPED
    assert time.monotonic() - began < 5
    services.stop_invocation(account_id="111122223333", request_id=request_id)
    assert invoke(spec, 0).cold


def test_stop_by_another_account_finds_nothing(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    result = invoke(make_spec(HELLO))
    with pytest.raises(InvocationNotFound):
        services.stop_invocation(account_id="999999999999", request_id=result.request_id)


# -- what is refused, and then not recorded


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (b"{", PayloadNotJson),
        (b"\xff", PayloadNotJson),
        (b"NaN", PayloadNotJson),
        (b"[" * 200_000, PayloadNotJson),
        (b'"' + b"x" * 6_291_456 + b'"', PayloadTooLarge),
    ],
    ids=["cut", "not-utf8", "nan", "deep", "large"],
)
def test_a_bad_event_is_refused_and_not_recorded(
    runner: RunnerProcess, make_spec: MakeSpec, event: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        services.start_invocation(
            spec=make_spec(HELLO), event=event, caller="a", qualifier="$LATEST"
        )
    assert not Invocation.objects.exists()


def test_an_unknown_runtime_is_refused(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    for runtime in ("cobol85", "java21", "nodejs22.x"):
        with pytest.raises(RuntimeNotSupported):
            start(make_spec(HELLO, runtime=runtime))
    assert not Invocation.objects.exists()


def test_a_full_function_is_answered_429_with_awss_reason_and_room_comes_back(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    spec = make_spec(SLEEP, timeout_s=30, reserved_concurrency=1)
    request_id = start(spec, 20)
    with pytest.raises(TooManyRequests) as refused:
        start(spec, 0)
    assert refused.value.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert Invocation.objects.count() == 1
    services.stop_invocation(account_id="111122223333", request_id=request_id)
    result_of(request_id)
    assert invoke(spec, 0).state is State.SUCCEEDED


def test_a_full_account_is_refused_and_another_is_not(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    request_id = start(make_spec(SLEEP, timeout_s=30), 20, account_limit=1)
    with pytest.raises(TooManyRequests) as refused:
        start(make_spec(HELLO, function_name="other"), account_limit=1)
    assert refused.value.reason == "ConcurrentInvocationLimitExceeded"
    other = make_spec(HELLO, account_id="444455556666")
    assert invoke(other, account_limit=1).state is State.SUCCEEDED
    services.stop_invocation(account_id="111122223333", request_id=request_id)
    result_of(request_id)


ITSELF = """
import os, sys
def handler(event, context):
    sys.path[:] = event["path"]
    os.environ.update(event["environment"])
    from django.conf import settings
    settings.DATABASES["default"]["NAME"] = event["database"]
    import django
    django.setup()
    from asgiref.sync import async_to_sync
    from runner import services, specs
    from runner.errors import TooManyRequests
    import json
    try:
        called = services.start_invocation(
            spec=specs.thaw(event["spec"]), event=json.dumps(event).encode(),
            caller="itself", qualifier="1",
        )
    except TooManyRequests as refused:
        return [refused.reason]
    result = async_to_sync(services.wait_for_result)(request_id=called, timeout_s=60)
    return ["called", *json.loads(result.payload)]
"""


def test_a_function_that_invokes_itself_ends_at_its_limit_and_does_not_hang(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    spec = make_spec(ITSELF, timeout_s=90, reserved_concurrency=3)
    event = {
        "path": sys.path,
        "environment": {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("VIRGA_", "DJANGO_"))
        },
        "database": str(connection.settings_dict["NAME"]),
        "spec": spec.digest(),
    }
    result = result_of(start(spec, event), timeout_s=90)
    full = "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert json.loads(result.payload) == ["called", "called", full]
    assert invoke(make_spec(HELLO)).state is State.SUCCEEDED


# -- events


def test_an_event_is_run_without_anybody_waiting(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    request_id = start(make_spec(HELLO), 1, invocation_type=InvocationType.EVENT)
    until(lambda: state_of(request_id) == State.SUCCEEDED)


def test_an_event_over_256_kb_is_refused(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    with pytest.raises(PayloadTooLarge):
        start(make_spec(HELLO), "x" * 262_144, invocation_type=InvocationType.EVENT)


def test_200_slow_events_do_not_delay_another_accounts_call(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    slow = make_spec(SLEEP, timeout_s=30)
    events = [
        start(slow, 0.5, invocation_type=InvocationType.EVENT, account_limit=4) for _ in range(200)
    ]
    began = time.monotonic()
    other = make_spec(HELLO, account_id="444455556666")
    assert invoke(other).state is State.SUCCEEDED
    assert time.monotonic() - began < 5
    assert Invocation.objects.filter(state=State.RUNNING).count() <= 4
    until(lambda: Invocation.objects.filter(state=State.SUCCEEDED).count() >= 10)
    Invocation.objects.filter(pk__in=events, state=State.PENDING).delete()
    until(lambda: not Invocation.objects.filter(state=State.RUNNING).exists())


# -- faults


def test_a_killed_runner_tells_its_caller_and_an_event_is_run_again(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    slow = make_spec(SLEEP, timeout_s=60)
    call = start(slow, 50)
    once = (
        "import os, time\ndef handler(event, context):\n"
        "    if not os.path.exists(event):\n"
        "        open(event, 'w').close()\n        time.sleep(50)\n    return 'again'\n"
    )
    flag = str(settings.VIRGA_HOME / "first-attempt")
    event = start(make_spec(once, timeout_s=60), flag, invocation_type=InvocationType.EVENT)
    until(lambda: Invocation.objects.filter(state=State.RUNNING).count() == 2)
    until(lambda: (settings.VIRGA_HOME / "first-attempt").exists())
    runner.kill()
    Invocation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    runner.start()
    tasks.reap()
    result = result_of(call)
    assert result.state is State.LOST
    assert b"The runner stopped while running it; run it again." in result.payload
    until(lambda: state_of(event) == State.SUCCEEDED)
    assert Invocation.objects.get(pk=event).attempt == 1
    assert [m["kind"] for m in services.events_after(request_id=call, after=0)][-1] == "result"
    assert result.log_tail.startswith(b"START")


def test_a_polite_end_of_the_runner_tells_its_callers(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    call = start(make_spec(SLEEP, timeout_s=60), 50)
    until(lambda: state_of(call) == State.RUNNING)
    runner.end()
    result = services.read_result(request_id=call)
    assert result is not None
    assert result.state is State.LOST
    assert b"run it again" in result.payload


def test_what_was_enqueued_and_never_taken_is_enqueued_again(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    runner.kill()
    call = start(make_spec(HELLO))
    prefix = settings.REDIS_PREFIX
    assert admission.connection().delete(f"{prefix}:runner", f"{prefix}:lane")
    runner.start()
    Invocation.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    tasks.reap()
    assert result_of(call).state is State.SUCCEEDED


def test_a_task_that_runs_twice_does_nothing_the_second_time(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    result = invoke(make_spec(HELLO), 1)
    before = Invocation.objects.get(pk=result.request_id)
    tasks.run_invocation.apply_async((result.request_id,), queue="runner")
    invoke(make_spec(HELLO), 2)
    after = Invocation.objects.get(pk=result.request_id)
    assert (after.finished_at, after.attempt) == (before.finished_at, before.attempt)


# -- reading


def test_variables_are_encrypted_at_rest(runner: RunnerProcess, make_spec: MakeSpec) -> None:
    source = "import os\ndef handler(event, context):\n    return os.environ['TOKEN']\n"
    result = invoke(make_spec(source, environment={"TOKEN": "s3cr3t-value"}))
    assert result.payload == b'"s3cr3t-value"'
    frozen = FrozenSpec.objects.get()
    assert b"s3cr3t" not in bytes(frozen.environment)
    assert "s3cr3t" not in json.dumps(frozen.document)


def test_a_list_is_of_one_account_and_newest_first(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    mine = [invoke(make_spec(HELLO)).request_id for _ in range(2)]
    invoke(make_spec(HELLO, account_id="444455556666"))
    rows = services.invocations(account_id="111122223333")
    assert [str(row.request_id) for row in rows] == mine[::-1]


def test_pruning_deletes_records_payloads_and_logs_of_one_account(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    old = invoke(make_spec(HELLO))
    other = invoke(make_spec(HELLO, account_id="444455556666"))
    later = timezone.now() + timedelta(days=1)
    assert services.prune(before=later, account_id="111122223333") == 1
    assert not Payload.objects.filter(pk=old.request_id).exists()
    with pytest.raises(InvocationNotFound):
        services.read_result(request_id=old.request_id)
    assert not list((settings.LOG_STORE / "111122223333").rglob("*.log"))
    assert log_of(other.request_id)


def test_waiting_holds_nothing_and_ends_by_itself(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    request_id = start(make_spec(SLEEP, timeout_s=30), 20)
    threads = threading.active_count()
    with pytest.raises(TimeoutError):
        result_of(request_id, timeout_s=0.5)
    assert threading.active_count() <= threads + 1
    assert state_of(request_id) not in FINAL_STATES
    services.stop_invocation(account_id="111122223333", request_id=request_id)
    result_of(request_id)


def test_the_status_says_what_runs_here(runner: RunnerProcess) -> None:
    status = services.node_status()
    assert status["runners"] == 1
    assert status["problem"] == ""
    assert [backend["name"] for backend in status["backends"]] == ["children"]
    names = {info.name: info for info in services.runtimes()}
    assert names["python3.12"].interpreter == "Python 3.11.2"
    assert names["nodejs22.x"].interpreter == ""


def test_in_a_lasting_loop_results_come_straight_to_the_waiter(
    runner: RunnerProcess, make_spec: MakeSpec
) -> None:
    spec = make_spec("def handler(event, context):\n    print(event)\n    return event\n")
    large = make_spec("def handler(event, context):\n    return 'x' * 1_000_000\n")

    async def call(made: FunctionSpec, event: object) -> InvocationResult:
        request_id = await start_in_thread(made, event)
        return await services.wait_for_result(request_id=request_id, timeout_s=20)

    async def calls() -> list[InvocationResult]:
        await call(spec, 0)
        told = await start_in_thread(spec, 1)
        assert waiter().expects(told)
        await asyncio.sleep(0.5)  # the result is there before anybody waits for it
        early = await services.wait_for_result(request_id=told, timeout_s=20)
        many = await asyncio.gather(*(call(spec, n) for n in range(2, 22)))
        return [early, *many, await call(large, None)]

    results = async_to_sync(calls)()
    assert [json.loads(one.payload) for one in results[:-1]] == list(range(1, 22))
    assert len(results[-1].payload) == 1_000_002
    for one in results:
        assert one == services.read_result(request_id=one.request_id)
        messages = services.events_after(request_id=one.request_id, after=0)
        assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
