"""So many builds run at once, and no account takes all the places."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from runner import admission, builds
from runner.models import Build

QUEUE = f"{settings.REDIS_PREFIX}:worker"
pytestmark = pytest.mark.django_db(transaction=True)

MINE = "1" * 12


@pytest.fixture(autouse=True)
def _no_network(settings) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """A build that runs ends at once then, and says that it ran."""
    settings.BUILD_EGRESS = False
    admission.connection().delete(QUEUE)
    yield
    admission.connection().delete(QUEUE)


def asked(package: str, account_id: str = MINE) -> Build:
    return builds.ensure(
        account_id=account_id, runtime="python3.11", manifests={"requirements.txt": package}
    )


def running(count: int, account_id: str = "") -> list[Build]:
    """Builds that another worker has under way."""
    return [
        Build.objects.create(
            key=f"{account_id}{number}",
            account_id=account_id or str(number) * 12,
            runtime="python3.11",
            manifests={},
            state=Build.State.RUNNING,
            lease_owner=f"other:{account_id}{number}",
            lease_expires_at=timezone.now() + timedelta(hours=1),
        )
        for number in range(count)
    ]


def tried(row: Build) -> Build:
    builds.run_build(row.key)
    row.refresh_from_db()
    return row


def queued() -> list[str]:
    bodies = [json.loads(one)["body"] for one in admission.connection().lrange(QUEUE, 0, -1)]
    return [json.loads(base64.b64decode(body))[0][0] for body in bodies]


def test_a_build_beyond_those_at_once_waits_and_runs_when_one_has_ended() -> None:
    others = running(builds.AT_ONCE)
    row = tried(asked("six"))
    assert (row.state, row.log) == (Build.State.PENDING, "")
    others[0].delete()
    assert "VIRGA_BUILD_EGRESS" in tried(row).error


def test_one_account_leaves_places_to_the_others() -> None:
    running(builds.AT_ONCE_AN_ACCOUNT, MINE)
    assert tried(asked("six")).state == Build.State.PENDING
    assert tried(asked("flask", "2" * 12)).state == Build.State.FAILED


def test_the_end_of_a_build_calls_the_one_that_waits_longest_and_may_run() -> None:
    running(builds.AT_ONCE_AN_ACCOUNT, "3" * 12)
    full = asked("six", "3" * 12)
    waiting = asked("flask", "2" * 12)
    tried(full)
    admission.connection().delete(QUEUE)
    tried(asked("attrs"))
    assert waiting.key in queued()
    assert full.key not in queued()


def test_a_dead_workers_build_holds_no_place() -> None:
    for row in running(builds.AT_ONCE):
        Build.objects.filter(pk=row.pk).update(lease_expires_at=timezone.now() - timedelta(hours=1))
    assert tried(asked("six")).state == Build.State.FAILED


def test_one_that_waits_for_a_place_is_not_lost() -> None:
    running(builds.AT_ONCE)
    row = tried(asked("six"))
    Build.objects.filter(pk=row.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    admission.connection().delete(QUEUE)
    assert builds.requeue_expired() >= 1
    assert row.key in queued()
