"""What is older than an account keeps goes; what another keeps stays."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from console.monitoring.tasks import prune
from runner import specs
from runner.models import FrozenSpec, Invocation, Payload
from runner.spec import FunctionSpec, State
from tests.factories import make_account

pytestmark = pytest.mark.django_db


def record(account_id: str, days: int) -> uuid.UUID:
    spec = FunctionSpec(
        account_id=account_id,
        region="us-east-1",
        function_name="rain",
        version="1",
        runtime="python3.12",
        handler="app.handler",
        code="0" * 64,
    )
    at = timezone.now() - timedelta(days=days)
    row = Invocation.objects.create(
        account_id=account_id,
        function_arn=spec.function_arn,
        spec=specs.freeze(spec),
        version="1",
        qualifier="1",
        invocation_type="RequestResponse",
        caller="user:alice",
        state=State.SUCCEEDED,
        created_at=at,
        finished_at=at,
        memory_mb=128,
    )
    Payload.objects.create(invocation=row, event=b"{}", response=b"{}")
    return row.pk


def test_each_account_keeps_its_own_number_of_days() -> None:
    short = make_account(id="1" * 12)
    long = make_account(id="2" * 12)
    short.retention_days, long.retention_days = 7, 60
    short.save()
    long.save()
    record("1" * 12, days=8)
    kept = {record("1" * 12, days=6), record("2" * 12, days=8)}
    prune()
    prune()
    assert set(Invocation.objects.values_list("pk", flat=True)) == kept
    assert set(Payload.objects.values_list("pk", flat=True)) == kept


def test_a_spec_that_nothing_names_any_more_goes_too() -> None:
    make_account(id="1" * 12)
    record("1" * 12, days=100)
    FrozenSpec.objects.update(created_at=timezone.now() - timedelta(days=100))
    prune()
    assert not FrozenSpec.objects.exists()
