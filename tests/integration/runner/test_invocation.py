"""From a service call to its result, through Celery, Valkey and a runner process."""

import json

from asgiref.sync import async_to_sync

from runner import services
from runner.models import Invocation
from runner.spec import FunctionSpec, InvocationResult, State

HELLO = "def handler(event, context):\n    print('hello', event)\n    return {'got': event}\n"


def invoke(spec: FunctionSpec, event: object = None, **more: object) -> InvocationResult:
    request_id = services.start_invocation(
        spec=spec,
        event=json.dumps(event).encode(),
        caller="user:alice",
        qualifier="$LATEST",
        **more,
    )
    return async_to_sync(services.wait_for_result)(request_id=request_id, timeout_s=20)


def test_a_call_returns_what_the_function_returned(runner, make_spec) -> None:
    result = invoke(make_spec(HELLO), {"a": 1})
    assert result.state is State.SUCCEEDED
    assert json.loads(result.payload) == {"got": {"a": 1}}
    assert result.cold
    assert result.init_ms > 0
    row = Invocation.objects.get(request_id=result.request_id)
    assert row.state == State.SUCCEEDED
    assert row.lease_owner == ""
