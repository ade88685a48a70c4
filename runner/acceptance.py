"""What is asked of a call before anything is recorded of it."""

import json
import uuid
from typing import NoReturn

from django.conf import settings
from django.utils import timezone

from runner import admission, nodes
from runner.errors import NoBackend, PayloadNotJson, PayloadTooLarge, RuntimeNotSupported
from runner.runtimes import Interpreter, table
from runner.spec import (
    ASYNC_PAYLOAD_LIMIT,
    SYNC_PAYLOAD_LIMIT,
    FunctionSpec,
    InvocationType,
    RuntimeInfo,
)


def runtimes() -> list[RuntimeInfo]:
    """Every runtime name with what the living runners serve it with."""
    found: dict[str, tuple[Interpreter, ...]] = {}
    for document in nodes.alive().values():
        for backend in document["backends"]:
            found.setdefault(backend["name"], nodes.interpreters_of(backend))
    return table.describe(found)


def check_payload(event: bytes, invocation_type: InvocationType) -> None:
    """Refuse with PayloadTooLarge or PayloadNotJson."""
    waits = invocation_type is InvocationType.REQUEST_RESPONSE
    limit = SYNC_PAYLOAD_LIMIT if waits else ASYNC_PAYLOAD_LIMIT
    if len(event) > limit:
        raise PayloadTooLarge(
            f"The event has {len(event):,} bytes; at most {limit:,} are taken "
            f"for an invocation of type {invocation_type}."
        )
    if not event:
        return
    try:
        json.loads(event.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise PayloadNotJson(
            f"The event is not UTF-8 text: byte {error.start} is wrong."
        ) from error
    except RecursionError as error:
        raise PayloadNotJson("The event is nested too deeply.") from error
    except ValueError as error:
        raise PayloadNotJson(
            f"Could not parse request body into json: {error}. The event must be JSON."
        ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def check_runnable(runtime: str) -> None:
    """Refuse what no living runner could run; with none living, the row waits for one."""
    table.lookup(runtime)
    living = list(nodes.alive().values())
    if not living:
        return
    able = [document for document in living if not document["problem"]]
    if not able:
        raise NoBackend(str(living[0]["problem"]))
    for document in able:
        for backend in document["backends"]:
            if table.resolve(runtime, nodes.interpreters_of(backend)) is not None:
                return
    names = ", ".join(info.name for info in runtimes() if info.interpreter)
    raise RuntimeNotSupported(
        f"Nothing installed here runs {runtime!r}. These run: {names or 'none yet'}."
    )


def place(spec: FunctionSpec, request_id: str, account_limit: int) -> admission.Place:
    """What admission is asked for a call of this function."""
    return admission.Place(
        request_id=request_id,
        account_id=spec.account_id,
        function_arn=spec.function_arn,
        reserved=spec.reserved_concurrency,
        account_limit=account_limit,
        node_limit=settings.NODE_CONCURRENCY,
    )


def new_trace_id() -> str:
    """A trace header for a call that came without one, not sampled."""
    now = int(timezone.now().timestamp())
    return f"Root=1-{now:08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0"
