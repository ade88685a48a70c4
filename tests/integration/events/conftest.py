"""Alice owns an account with a function, Bob may invoke, Vera may look, Charlie is a stranger."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from console.accounts.models import Account, User
from console.accounts.roles import Role
from console.events import services
from console.events.models import TestEvent
from console.functions.models import Function
from console.functions.queries import arn_of
from console.functions.services import create_function
from runner.models import FrozenSpec, Invocation, Payload
from tests.factories import join, make_user


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Nobody signs in with a password here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def bob(account: Account) -> User:
    return join(make_user("bob"), account, Role.INVOKER).user


@pytest.fixture
def vera(account: Account) -> User:
    return join(make_user("vera"), account, Role.VIEWER).user


@pytest.fixture
def function(account: Account, alice: User) -> Function:
    return create_function(
        account=account,
        name="greet",
        runtime="python3.12",
        by=alice,
        files={"lambda_function.py": b"def lambda_handler(event, context):\n    return event\n"},
    )


def save(function: Function, by: User, name: str = "hello", **values: object) -> TestEvent:
    """A saved event with defaults."""
    return services.save_event(
        function=function, by=by, name=name, **({"body": '{"a": 1}'} | values)
    )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_run(function: Function, event: bytes) -> str:
    """A past run of the function with this input; its request id."""
    spec = FrozenSpec.objects.create(
        digest=uuid.uuid4().hex, account_id=function.account_id, document={}
    )
    run = Invocation.objects.create(
        account_id=function.account_id, function_arn=arn_of(function), spec=spec,
        version="$LATEST", qualifier="$LATEST", invocation_type="RequestResponse",
        caller="user:alice", state="succeeded", created_at=timezone.now(), memory_mb=128,
    )  # fmt: skip
    Payload.objects.create(invocation=run, event=event)
    return str(run.request_id)
