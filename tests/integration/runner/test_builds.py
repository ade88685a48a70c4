"""Real packages, from the registries that this machine's pip and npm are set up for."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from runner import builds
from runner.errors import CodeInvalid, RuntimeNotSupported
from runner.models import Build
from tests import needs

pytestmark = pytest.mark.django_db(transaction=True)

SIX = {"requirements.txt": "six==1.17.0\n"}
MS = {"package.json": '{"dependencies": {"ms": "2.1.3"}}'}


@pytest.fixture(autouse=True)
def _sandbox() -> None:
    needs.require("bubblewrap")


def build(manifests: dict[str, str], runtime: str = "python3.11") -> Build:
    row = builds.ensure(account_id="1" * 12, runtime=runtime, manifests=manifests)
    builds.run_build(row.key)
    row.refresh_from_db()
    return row


def tree_of(row: Build) -> Path:
    return Path(settings.CODE_STORE) / "trees" / row.tree


def test_a_python_package_is_installed_where_the_function_finds_it() -> None:
    row = build(SIX)
    assert (row.state, row.error) == (Build.State.READY, "")
    assert (tree_of(row) / "python" / "six.py").is_file()
    assert list((tree_of(row) / "python" / "__pycache__").glob("six.*.pyc"))
    assert row.size_bytes > 10_000
    assert "Successfully installed six-1.17.0" in row.log


def test_an_npm_package_is_installed_where_the_function_finds_it() -> None:
    row = build(MS, "nodejs22.x")
    assert (row.state, row.error) == (Build.State.READY, "")
    assert (tree_of(row) / "node_modules" / "ms" / "index.js").is_file()
    assert not (tree_of(row) / "package.json").exists()


def test_the_same_request_is_built_once() -> None:
    first = build(SIX)
    again = builds.ensure(
        account_id="2" * 12,
        runtime="python3.11",
        manifests={"requirements.txt": "# the same\n\nsix==1.17.0"},
    )
    builds.run_build(again.key)
    again.refresh_from_db()
    assert (again.key, again.tree, again.finished_at) == (first.key, first.tree, first.finished_at)


def test_two_workers_do_not_build_the_same_at_once() -> None:
    row = builds.ensure(account_id="1" * 12, runtime="python3.11", manifests=SIX)

    def work() -> None:
        try:
            builds.run_build(row.key)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row.refresh_from_db()
    assert row.state == Build.State.READY
    assert row.log.count("Successfully installed") == 1


def test_a_package_that_does_not_exist_fails_with_the_tools_own_words() -> None:
    row = build({"requirements.txt": "virga-no-such-package-4f1d\n"})
    assert row.state == Build.State.FAILED
    assert "No matching distribution found for virga-no-such-package-4f1d" in row.error
    assert row.error in row.log
    assert row.tree == ""


def test_a_failed_build_is_started_again_only_when_that_is_asked() -> None:
    failed = build({"requirements.txt": "virga-no-such-package-4f1d\n"})

    def asked(*, again: bool) -> Build:
        return builds.ensure(
            account_id="1" * 12,
            runtime="python3.11",
            manifests=dict(failed.manifests),
            again=again,
        )

    looked = asked(again=False)
    assert (looked.state, looked.error) == (Build.State.FAILED, failed.error)
    again = asked(again=True)
    assert (again.key, again.state, again.error) == (failed.key, Build.State.PENDING, "")


def test_a_host_that_is_no_registry_is_refused_by_name() -> None:
    row = build({"requirements.txt": "https://example.com/six-1.0-py3-none-any.whl\n"})
    assert row.state == Build.State.FAILED
    assert "example.com:443" in row.error
    assert "VIRGA_BUILD_HOSTS" in row.error


def test_with_egress_off_the_error_says_what_to_do(settings) -> None:  # type: ignore[no-untyped-def]
    settings.BUILD_EGRESS = False
    row = build({"requirements.txt": "six==1.16.0\n"})
    assert row.state == Build.State.FAILED
    assert "VIRGA_BUILD_EGRESS=1" in row.error


def test_a_build_whose_worker_died_is_built_again() -> None:
    row = builds.ensure(account_id="1" * 12, runtime="python3.11", manifests=SIX)
    Build.objects.filter(key=row.key).update(
        state=Build.State.RUNNING,
        lease_owner="gone:1:x",
        lease_expires_at=timezone.now() - timedelta(seconds=1),
    )
    assert builds.requeue_expired() == 1
    builds.run_build(row.key)
    row.refresh_from_db()
    assert row.state == Build.State.READY


def test_a_living_workers_build_is_left_to_it() -> None:
    row = builds.ensure(account_id="1" * 12, runtime="python3.11", manifests=SIX)
    Build.objects.filter(key=row.key).update(
        state=Build.State.RUNNING,
        lease_owner="here:1:x",
        lease_expires_at=timezone.now() + timedelta(seconds=30),
    )
    assert builds.requeue_expired() == 0
    builds.run_build(row.key)
    row.refresh_from_db()
    assert (row.state, row.lease_owner) == (Build.State.RUNNING, "here:1:x")


def test_nothing_to_install_is_ready_at_once() -> None:
    row = builds.ensure(
        account_id="1" * 12, runtime="python3.11", manifests={"requirements.txt": "# nothing\n"}
    )
    assert (row.state, row.tree) == (Build.State.READY, "")


def test_a_package_json_that_is_not_json_is_refused() -> None:
    with pytest.raises(CodeInvalid, match=r"package\.json is not JSON"):
        builds.ensure(account_id="1" * 12, runtime="nodejs22.x", manifests={"package.json": "{"})


def test_a_runtime_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RuntimeNotSupported):
        builds.ensure(account_id="1" * 12, runtime="cobol1", manifests=SIX)


def test_a_build_leaves_nothing_but_its_tree() -> None:
    build(SIX)
    folder = Path(settings.RUN_DIR) / "builds"
    assert list(folder.iterdir()) == []
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()
    assert list(Path(settings.CODE_STORE).glob(".build-*")) == []
