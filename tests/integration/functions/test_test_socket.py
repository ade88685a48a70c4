"""The Test socket: what the page sends and what it hears."""

import json

import pytest
from channels.layers import get_channel_layer

from console.accounts.roles import Role
from console.functions import services
from editor import services as editor
from editor.contents import store
from runner import services as runner_services
from runner.models import Build, Invocation
from tests.integration.functions.sockets import opened, run_in_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rain(runner, account, alice):
    return services.create_function(
        account=account,
        name="rain",
        runtime="python3.11",
        files={"lambda_function.py": b"def lambda_handler(event, context):\n    return 1\n"},
        by=alice,
    )


CHANGED = "def lambda_handler(event, context):\n    print('drip')\n    return event\n"


async def test_ctrl_enter_saves_then_runs_the_draft_and_leaves_latest_alone(rain, alice) -> None:
    deployed = (await run_in_database(rain.versions.get)()).code
    change = {"path": "lambda_function.py", "content": CHANGED, "base": 1}
    async with opened(alice) as socket:
        await socket.send(
            type="test",
            id="t1",
            target="draft",
            files=[change],
            event='{"a": 1}',
            event_name="hello",
        )
        saved = await socket.receive()
        assert saved == {
            "type": "saved",
            "id": "t1",
            "revision": 2,
            "files": [{"path": "lambda_function.py", "revision": 2}],
        }
        started = await socket.receive()
        assert started["type"] == "started"
        assert started["draft"] is True
        result, before = await socket.until("result")
    assert [message["seq"] for message in [*before, result]] == list(range(1, len(before) + 2))
    shown = result["result"]
    assert shown["state"] == "succeeded"
    assert json.loads(shown["payload"]) == {"a": 1}
    assert shown["draft"] is True
    assert shown["label"] == "hello"
    assert shown["cost_text"].startswith("$0.0000")
    log = "".join(message["text"] for message in before if message["type"] == "log")
    assert "drip\n" in log
    assert log.startswith("START RequestId: " + started["request_id"])
    assert shown["log"] == log
    row = await run_in_database(Invocation.objects.get)(request_id=started["request_id"])
    assert row.draft
    assert row.caller == "user:alice"
    assert (await run_in_database(rain.versions.get)()).code == deployed


async def test_a_failure_shows_its_stack_trace_in_pieces(rain, alice) -> None:
    broken = "def lambda_handler(event, context):\n    raise ValueError('wet')\n"
    change = {"path": "lambda_function.py", "content": broken, "base": 1}
    async with opened(alice) as socket:
        await socket.send(type="test", id="t", target="draft", files=[change], event="{}")
        result, _ = await socket.until("result")
    shown = result["result"]
    assert shown["state"] == "failed"
    assert shown["error_type"] == "ValueError"
    assert "ValueError: wet" in "".join(text for _, text in shown["trace"])


async def test_stop_ends_a_run(rain, alice) -> None:
    sleeper = "import time\ndef lambda_handler(event, context):\n    time.sleep(3)\n"
    change = {"path": "lambda_function.py", "content": sleeper, "base": 1}
    async with opened(alice) as socket:
        await socket.send(type="test", id="t", target="draft", files=[change], event="{}")
        started, _ = await socket.until("started")
        await socket.until("log")
        await socket.send(type="stop", request_id=started["request_id"])
        result, _ = await socket.until("result")
    assert result["result"]["state"] == "stopped"


async def test_a_page_that_comes_back_is_told_everything_it_missed(rain, alice) -> None:
    async with opened(alice) as socket:
        await socket.send(type="test", id="t", target="$LATEST", files=[], event="{}")
        started, _ = await socket.until("started")
    async with opened(alice) as socket:
        await socket.send(type="watch", request_id=started["request_id"], after=0)
        result, before = await socket.until("result")
    assert [message["seq"] for message in [*before, result]] == list(range(1, len(before) + 2))
    assert result["result"]["draft"] is False


async def test_a_conflict_saves_and_runs_nothing(rain, alice) -> None:
    await run_in_database(editor.save_files)(
        workspace=rain.draft,
        changes=[editor.Change("lambda_function.py", b"# theirs\n", 1)],
        by=None,
    )
    change = {"path": "lambda_function.py", "content": CHANGED, "base": 1}
    async with opened(alice) as socket:
        await socket.send(type="test", id="t", target="draft", files=[change], event="{}")
        conflict = await socket.receive()
        assert await socket.silent()
    assert conflict["type"] == "conflict"
    assert conflict["id"] == "t"
    assert conflict["conflicts"][0]["content"] == "# theirs\n"
    assert conflict["conflicts"][0]["revision"] == 2
    assert not await run_in_database(Invocation.objects.exists)()


@pytest.mark.parametrize(
    ("role", "target", "runs"),
    [
        (Role.VIEWER, "$LATEST", False),
        (Role.INVOKER, "$LATEST", True),
        (Role.INVOKER, "draft", False),
        (Role.DEVELOPER, "draft", True),
    ],
)
async def test_running_asks_for_the_role(rain, member, role, target, runs) -> None:
    person = await run_in_database(member)(role)
    async with opened(person) as socket:
        await socket.send(type="test", id="t", target=target, files=[], event="{}")
        answer = await socket.receive()
    if runs:
        assert answer["type"] == "started"
    else:
        assert answer["type"] == "refused"
        assert answer["id"] == "t"
        assert answer["code"] == "AccessDeniedException"


async def test_a_stranger_is_turned_away(rain, charlie) -> None:
    async with opened(charlie) as socket:
        assert await socket.closing_code() == 4404


async def test_no_run_of_another_function_can_be_watched(rain, alice) -> None:
    other = await run_in_database(services.duplicate_function)(function=rain, name="snow", by=alice)
    request_id = await run_in_database(services.invoke)(
        account=rain.account, function=other, qualifier="$LATEST", event=b"{}", caller="test"
    )
    async with opened(alice) as socket:
        await socket.send(type="watch", id="w", request_id=request_id, after=0)
        assert (await socket.receive())["code"] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"type": "nothing"}',
        '{"type": "test", "id": 7}',
        '{"type": "test", "id": "t", "event": "not json"}',
        '{"type": "stop"}',
        '{"type": "watch", "request_id": "x", "after": -1}',
        '{"type": "watch-build", "key": "k"}',
        '{"type": "test", "id": "t", "files": [{"path": "../x", "content": "", "base": 0}]}',
        '{"type": "test", "id": "t", "target": "77", "event": "{}"}',
    ],
)
async def test_what_makes_no_sense_is_refused_and_the_socket_lives(rain, alice, text) -> None:
    async with opened(alice) as socket:
        await socket.send_text(text)
        assert (await socket.receive())["type"] == "refused"
        await socket.send_text(text)
        assert (await socket.receive())["type"] == "refused"


async def test_one_socket_watches_so_many_builds_and_no_more(rain, alice) -> None:
    build = {"key": "b" * 64, "account_id": "999988887777", "runtime": "python3.11"}
    await run_in_database(Build.objects.create)(manifests={}, **build)
    await run_in_database(rain.versions.update)(build=build["key"])
    async with opened(alice) as socket:
        for _ in range(9):
            await socket.send(type="watch-build", key=build["key"])
        refused, _ = await socket.until("refused")
    assert "8 builds" in refused["message"]


async def test_a_save_is_announced_to_every_open_page_also_to_ones_own_other_tab(
    rain, alice, member
) -> None:
    bob = await run_in_database(member)(Role.DEVELOPER)
    async with opened(alice) as socket:
        await socket.settled()
        await run_in_database(editor.create_file)(
            workspace=rain.draft, path="mine.py", content=b"", by=alice
        )
        mine = await socket.receive()
        await run_in_database(editor.create_file)(
            workspace=rain.draft, path="b.py", content=b"", by=bob
        )
        theirs = await socket.receive()
    assert [mine["type"], theirs["type"]] == ["changed", "changed"]
    assert [mine["revision"], theirs["revision"]] == [2, 3]
    assert theirs["by"] == "the-developer"


async def test_a_save_before_a_test_is_announced_to_other_tabs_and_not_to_its_own(
    rain, alice
) -> None:
    change = {"path": "new.py", "content": "", "base": 0}
    async with opened(alice) as socket, opened(alice) as other:
        await socket.settled()
        await other.settled()
        await socket.send(type="test", id="t", files=[change], event="{}")
        told = await other.receive()
        heard = [(await socket.receive())["type"] for _ in range(2)]
    assert told["type"] == "changed"
    assert heard == ["saved", "started"]


async def test_a_deploy_is_announced_to_every_open_page(rain, alice, member) -> None:
    bob = await run_in_database(member)(Role.VIEWER)
    async with opened(bob) as socket:
        await socket.settled()
        await run_in_database(services.deploy)(function=rain, by=alice)
        deployed = await socket.receive()
    assert deployed["type"] == "deployed"
    assert deployed["message"] == "Successfully updated the function rain."


async def test_a_draft_with_dependencies_is_built_then_run(rain, alice, tmp_path) -> None:
    change = {"path": "requirements.txt", "content": "tabulate==0.9.0\n", "base": 0}
    async with opened(alice) as socket:
        await socket.send(type="test", id="t", target="draft", files=[change], event="{}")
        assert (await socket.receive())["type"] == "saved"
        build = await socket.receive()
        assert (build["type"], build["id"], build["state"]) == ("build", "t", "pending")
        (tmp_path / "python").mkdir()
        tree = store().adopt_directory(tmp_path)
        await run_in_database(Build.objects.filter(key=build["key"]).update)(
            state=Build.State.READY, tree=tree, log="Collecting tabulate\n"
        )
        await ring(build["key"])
        ready = await socket.receive()
        assert (ready["state"], ready["text"]) == ("ready", "Collecting tabulate\n")
        started, _ = await socket.until("started")
        result, _ = await socket.until("result")
    assert result["request_id"] == started["request_id"]
    assert result["result"]["state"] == "succeeded"


async def test_a_failed_build_refuses_the_test_with_its_reason(rain, alice) -> None:
    change = {"path": "requirements.txt", "content": "no-such-thing\n", "base": 0}
    async with opened(alice) as socket:
        await socket.send(type="test", id="t", target="draft", files=[change], event="{}")
        build, _ = await socket.until("build")
        await run_in_database(Build.objects.filter(key=build["key"]).update)(
            state=Build.State.FAILED, error="No matching distribution"
        )
        await ring(build["key"])
        refused, _ = await socket.until("refused")
    assert refused["id"] == "t"
    assert "No matching distribution" in refused["message"]


async def ring(key: str) -> None:
    message = {"key": key, "seq": 1, "kind": "state", "state": "", "error": ""}
    await get_channel_layer().group_send(
        runner_services.build_group_of(key), {"type": "build.message", "message": message}
    )
