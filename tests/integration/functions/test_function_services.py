"""Creating, configuring, deploying, publishing and deleting functions."""

import io
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from console.accounts.models import AuditEntry
from console.errors import Invalid
from console.functions import blueprints, queries, secrets, services
from console.functions.errors import BuildNeeded, FunctionNotFound, NameTaken
from console.functions.models import Function, FunctionVersion, PendingDeploy
from console.functions.services.invocation import spec_of
from console.functions.services.latest import locked_latest
from console.functions.signals import function_created
from editor import services as editor
from editor.contents import store
from editor.models import File, Workspace
from editor.services import Change
from runner.errors import CodeInvalid, Refused
from runner.models import Build, Invocation


def zipped(files: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def create(account, by, **more):
    settings = {
        "name": "drop",
        "runtime": "python3.11",
        "files": {"lambda_function.py": b"x = 1\n"},
    }
    return services.create_function(account=account, by=by, **(settings | more))


def edit(function, by, path: str = "lambda_function.py", content: bytes = b"x = 2\n") -> None:
    base = (
        queries.version_of(function)
        and File.objects.filter(workspace=function.draft, path=path)
        .values_list("revision", flat=True)
        .first()
    )
    change = Change(path, content, base or 0)
    editor.save_files(workspace=function.draft, changes=[change], by=by)


# -- creating


def test_a_new_function_is_deployed_as_it_is(account, alice, living_runner) -> None:
    function = create(account, alice)
    latest = queries.version_of(function)
    assert latest.handler == "lambda_function.lambda_handler"
    assert latest.code == editor.tree_of(function.draft)
    assert (latest.memory_mb, latest.timeout_s, latest.tmp_mb) == (128, 3, 512)
    assert not queries.draft_status(function).changed
    entry = AuditEntry.objects.get(action="function.create")
    assert entry.resource == queries.arn_of(function)
    assert entry.actor == "alice"


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 65, "a/b", "a.b", "$LATEST"])
def test_a_name_that_aws_would_not_take_is_refused(account, alice, living_runner, name) -> None:
    with pytest.raises(Invalid) as caught:
        create(account, alice, name=name)
    assert caught.value.field == "name"
    assert not Workspace.objects.exists()


def test_a_name_is_taken_once_per_account(account, alice, function) -> None:
    with pytest.raises(NameTaken):
        create(account, alice, name="rain")


def test_an_unknown_runtime_is_refused(account, alice, living_runner) -> None:
    with pytest.raises((Refused, Invalid)):
        create(account, alice, runtime="cobol85")


@pytest.mark.parametrize("blueprint", blueprints.every(), ids=lambda one: one.name)
@pytest.mark.parametrize("language", ["python", "node"])
def test_every_blueprint_names_a_handler_that_it_holds(blueprint, language) -> None:
    files = blueprint.files[language]
    module = blueprint.handlers[language].rpartition(".")[0]
    names = [f"{module}.py"] if language == "python" else [f"{module}.mjs", f"{module}.js"]
    assert any(name in files for name in names)
    assert blueprint.events


def test_a_blueprints_events_are_announced_with_the_function(account, alice, living_runner) -> None:
    heard = []

    def listen(sender, **message):
        heard.append(message)

    function_created.connect(listen)
    start = blueprints.named("queue-consumer")
    function = create(account, alice, files=start.files["python"], events=start.events)
    function_created.disconnect(listen)
    assert heard[0]["function"] == function
    assert [event.name for event in heard[0]["events"]] == ["two-orders", "one-bad-message"]


def test_a_zip_becomes_draft_and_latest_with_its_modes(account, alice, living_runner) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("bin/tool")
        info.external_attr = 0o100755 << 16
        archive.writestr(info, b"#!/bin/sh\n")
        archive.writestr("README", b"1")
        archive.writestr("readme", b"2")
    function = create(account, alice, files=None, archive=buffer.getvalue())
    files = {file.path: file for file in function.draft.files.all()}
    assert files["bin/tool"].executable
    assert {"README", "readme"} <= set(files)


HOSTILE = {
    "traversal": zipped({"../evil.py": "x"}),
    "absolute": zipped({"/etc/passwd": "x"}),
    "a file that is a folder too": zipped({"a": "1", "a/b": "2"}),
    "truncated": zipped({"a.py": "x" * 1000})[:-30],
    "no zip": b"\x1f\x8b" + b"0" * 200,
    "nothing": b"",
}


@pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_zip_is_refused_and_leaves_nothing(
    account, alice, living_runner, archive
) -> None:
    with pytest.raises(CodeInvalid):
        create(account, alice, files=None, archive=archive)
    assert not Function.objects.exists()
    assert not Workspace.objects.exists()


def test_a_zip_without_files_is_refused(account, alice, living_runner) -> None:
    with pytest.raises(Invalid, match="no file"):
        create(account, alice, files=None, archive=zipped({}))


def test_a_duplicate_has_everything_but_the_history(account, alice, function) -> None:
    services.set_environment(function=function, by=alice, variables={"CITY": "Bergen"})
    services.set_tags(function=function, by=alice, tags={"team": "weather"})
    edit(function, alice)
    copy = services.duplicate_function(function=function, name="rain-copy", by=alice)
    latest = queries.version_of(copy)
    assert latest.code == editor.tree_of(function.draft)
    assert secrets.unseal(latest.environment) == {"CITY": "Bergen"}
    assert copy.tags == {"team": "weather"}


# -- configuration


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("memory_mb", 127),
        ("memory_mb", 10_241),
        ("timeout_s", 0),
        ("timeout_s", 901),
        ("tmp_mb", 511),
        ("tmp_mb", 10_241),
        ("handler", ""),
        ("handler", "a b"),
        ("description", "x" * 257),
    ],
)
def test_configuration_keeps_to_the_limits(function, alice, field, value) -> None:
    given = {
        "runtime": "python3.11",
        "handler": "a.b",
        "memory_mb": 128,
        "timeout_s": 3,
        "tmp_mb": 512,
        "description": "",
    }
    with pytest.raises(Invalid) as caught:
        services.configure(function=function, by=alice, **(given | {field: value}))
    assert caught.value.field == field


def test_environment_variables_are_nowhere_in_clear_at_rest(function, alice, living_runner) -> None:
    secret = "s3cr3t-value-of-rain"
    services.set_environment(function=function, by=alice, variables={"TOKEN": secret})
    services.reveal(function=function, by=alice, variable="TOKEN")
    services.publish_version(function=function, by=alice)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    content = (
                        bytes(value)
                        if isinstance(value, bytes | memoryview)
                        else str(value).encode()
                    )
                    assert secret.encode() not in content, table
    for file in Path(settings.CODE_STORE).rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()


def test_a_value_left_empty_is_kept_and_one_not_named_is_removed(function, alice) -> None:
    services.set_environment(function=function, by=alice, variables={"AA": "1", "BB": "2"})
    services.set_environment(function=function, by=alice, variables={"AA": None, "CC": "3"})
    assert secrets.unseal(queries.version_of(function).environment) == {"AA": "1", "CC": "3"}


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_REGION": "x"},
        {"_HANDLER": "x"},
        {"1A": "x"},
        {"A": "x"},
        {"A-B": "x"},
        {"AA": "\0"},
        {"AA": "x" * 4096},
    ],
)
def test_variables_that_lambda_would_not_take_are_refused(function, alice, variables) -> None:
    with pytest.raises(Invalid):
        services.set_environment(function=function, by=alice, variables=variables)


def test_revealing_a_value_is_audited(function, alice) -> None:
    services.set_environment(function=function, by=alice, variables={"TOKEN": "x"})
    assert services.reveal(function=function, by=alice, variable="TOKEN") == "x"
    entry = AuditEntry.objects.get(action="function.reveal")
    assert entry.detail == {"variable": "TOKEN"}


# -- deploying


def test_deploy_makes_the_draft_latest(function, alice) -> None:
    edit(function, alice)
    status = queries.draft_status(function)
    assert status.changed
    assert status.changed_paths == ["lambda_function.py"]
    done = services.deploy(function=function, by=alice)
    assert done.build == ""
    assert done.message == "Successfully updated the function rain."
    assert not queries.draft_status(function).changed


def test_a_change_that_is_undone_is_no_change(function, alice) -> None:
    original = queries.version_of(function).code
    content = store().get_blob(store().get_tree(original)["lambda_function.py"].blob)
    edit(function, alice)
    edit(function, alice, content=content)
    assert not queries.draft_status(function).changed


def test_an_empty_draft_is_not_deployed(function, alice) -> None:
    for path in ("lambda_function.py", "lib"):
        editor.delete(workspace=function.draft, path=path, by=alice)
    with pytest.raises(Invalid, match="no file"):
        services.deploy(function=function, by=alice)


def test_deploy_waits_for_dependencies_and_is_finished_by_whoever_comes(function, alice) -> None:
    before = queries.version_of(function).code
    edit(function, alice, "requirements.txt", b"tabulate==0.9.0\n")
    done = services.deploy(function=function, by=alice)
    assert done.build
    assert queries.version_of(function).code == before
    assert queries.draft_status(function).build == done.build
    assert services.finish_deploys() == 0
    Build.objects.filter(key=done.build).update(state=Build.State.READY, tree="d" * 64)
    assert services.finish_deploys() == 1
    assert services.finish_deploys() == 0
    latest = queries.version_of(function)
    assert latest.code == editor.tree_of(function.draft)
    assert latest.dependencies == "d" * 64
    assert not PendingDeploy.objects.exists()


def test_a_failed_build_leaves_latest_and_says_why(function, alice) -> None:
    before = queries.version_of(function).code
    edit(function, alice, "requirements.txt", b"no-such-package\n")
    done = services.deploy(function=function, by=alice)
    Build.objects.filter(key=done.build).update(state=Build.State.FAILED, error="No such package")
    services.finish_deploys()
    assert queries.version_of(function).code == before
    assert queries.draft_status(function).error == "No such package"


def test_a_later_deploy_wins_over_one_that_waits(function, alice) -> None:
    edit(function, alice, "requirements.txt", b"tabulate==0.9.0\n")
    waiting = services.deploy(function=function, by=alice)
    editor.delete(workspace=function.draft, path="requirements.txt", by=alice)
    services.deploy(function=function, by=alice)
    Build.objects.filter(key=waiting.build).update(state=Build.State.READY, tree="d" * 64)
    assert services.finish_deploys() == 0
    assert queries.version_of(function).dependencies == ""


def on(runtime: str) -> dict[str, object]:
    """A configuration that differs in the runtime alone."""
    handler = "lambda_function.lambda_handler"
    numbers = {"memory_mb": 128, "timeout_s": 3, "tmp_mb": 512}
    return {"runtime": runtime, "handler": handler, "description": "", **numbers}


def test_a_deploy_that_waits_waits_on_for_another_runtime(function, alice) -> None:
    before = queries.version_of(function).code
    edit(function, alice, "requirements.txt", b"tabulate==0.9.0\n")
    edit(function, alice, "package.json", b'{"dependencies": {"left-pad": "1"}}')
    first = services.deploy(function=function, by=alice)
    services.configure(function=function, by=alice, **on("nodejs22.x"))
    assert queries.version_of(function).code == before
    second = PendingDeploy.objects.get().build
    assert second != first.build
    Build.objects.filter(key=first.build).update(state=Build.State.READY, tree="d" * 64)
    assert services.finish_deploys() == 0
    Build.objects.filter(key=second).update(state=Build.State.READY, tree="e" * 64)
    assert services.finish_deploys() == 1
    latest = queries.version_of(function)
    assert (latest.code, latest.dependencies) == (editor.tree_of(function.draft), "e" * 64)


def test_a_deploy_that_waits_is_done_by_a_runtime_that_needs_no_build(function, alice) -> None:
    edit(function, alice, "requirements.txt", b"tabulate==0.9.0\n")
    services.deploy(function=function, by=alice)
    services.configure(function=function, by=alice, **on("nodejs22.x"))
    latest = queries.version_of(function)
    assert (latest.code, latest.build) == (editor.tree_of(function.draft), "")
    assert not PendingDeploy.objects.exists()
    assert AuditEntry.objects.filter(action="function.deploy").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_deploy_that_waits_for_another_has_the_files_of_when_its_turn_comes(
    function, alice
) -> None:
    def deploy() -> None:
        try:
            services.deploy(function=function, by=alice)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            locked_latest(function)
            second = pool.submit(deploy)
            time.sleep(0.3)
            edit(function, alice)
        second.result(timeout=20)
    assert not queries.draft_status(function).changed


def test_a_build_that_another_account_asked_for_first_is_this_functions_too(
    function, alice
) -> None:
    with pytest.raises(FunctionNotFound):
        queries.check_build(function, "0" * 64)
    edit(function, alice, "requirements.txt", b"tabulate==0.9.0\n")
    with pytest.raises(BuildNeeded) as caught:
        spec_of(function, "draft")
    Build.objects.update(account_id="999988887777")
    queries.check_build(function, caught.value.key)  # the draft names it
    services.deploy(function=function, by=alice)
    editor.delete(workspace=function.draft, path="requirements.txt", by=alice)
    queries.check_build(function, caught.value.key)  # the deploy that waits names it


def test_a_build_that_only_other_functions_name_is_refused(account, function, alice) -> None:
    files = {"lambda_function.py": b"", "requirements.txt": b"six\n"}
    other = create(account, alice, files=files)
    key = queries.version_of(other).build
    queries.check_build(other, key)
    with pytest.raises(FunctionNotFound):
        queries.check_build(function, key)


def test_running_code_whose_dependencies_are_missing_names_the_build(function, alice) -> None:
    edit(function, alice, "requirements.txt", b"tabulate==0.9.0\n")
    with pytest.raises(BuildNeeded) as caught:
        services.invoke(
            account=function.account, function=function, qualifier="draft", event=b"{}", caller="x"
        )
    assert Build.objects.filter(key=caught.value.key).exists()
    assert not Invocation.objects.exists()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("requirements.txt", b"# nothing\n\n"),
        ("package.json", b'{"type": "module"}'),
        ("vendored", b""),
    ],
)
def test_what_installs_nothing_needs_no_build(account, alice, living_runner, path, content) -> None:
    files = {"lambda_function.py": b"", path: content}
    if path == "vendored":
        files |= {"requirements.txt": b"six\n", "six-1.0.dist-info/METADATA": b"", "six.py": b""}
    runtime = "nodejs22.x" if path == "package.json" else "python3.11"
    function = create(account, alice, runtime=runtime, files=files)
    assert queries.version_of(function).build == ""


# -- versions and the end


def test_publishing_unchanged_code_gives_the_newest_version_again(function, alice) -> None:
    first = services.publish_version(function=function, by=alice)
    assert first.version == "1"
    assert services.publish_version(function=function, by=alice).version == "1"
    services.set_environment(function=function, by=alice, variables={"AA": "1"})
    second = services.publish_version(function=function, by=alice)
    assert second.version == "2"
    assert services.publish_version(function=function, by=alice).version == "2"
    assert [version.version for version in queries.numbered(function)] == ["2", "1"]


def test_a_published_version_stays_as_it_was(function, alice) -> None:
    version = services.publish_version(function=function, by=alice)
    before = version.code
    edit(function, alice)
    services.deploy(function=function, by=alice)
    version.refresh_from_db()
    assert version.code == before != queries.version_of(function).code


def test_deleting_leaves_nothing_behind(function, alice) -> None:
    services.invoke(
        account=function.account, function=function, qualifier="$LATEST", event=b"{}", caller="x"
    )
    with pytest.raises(Invalid):
        services.delete_function(function=function, typed_name="snow", by=alice)
    services.delete_function(function=function, typed_name="rain", by=alice)
    assert not Function.objects.exists()
    assert not FunctionVersion.objects.exists()
    assert not Workspace.objects.exists()
    assert not File.objects.exists()
    assert not Invocation.objects.exists()
    assert AuditEntry.objects.filter(action="function.delete").exists()
