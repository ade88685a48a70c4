"""How an invocation's row ends: stored first, then announced."""

import json
import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from runner import admission, lane, logs, records, report, states
from runner.announcer import announcer
from runner.models import Invocation
from runner.outcome import UNHANDLED, error_payload
from runner.results import LOST_TYPE, group_of, message, of_row, to_json
from runner.spec import InvocationResult, InvocationType, State
from runner.stream import KIND, REPLY_LIMIT

logger = logging.getLogger(__name__)

ATTEMPTS = 3
RETRY_AFTER = timedelta(seconds=20)
"""How often an asynchronous event is begun before it is given up as lost."""
RUNNER_STOPPED = "The runner stopped while running it; run it again."
FIELDS = (
    "finished_at",
    "duration_ms",
    "init_ms",
    "billed_ms",
    "max_memory_mb",
    "function_error",
    "error_type",
    "error_message",
    "limit",
    "log_length",
    "last_sequence",
)


def store(row: Invocation, response: bytes, *, before: State, held_by: str = "") -> bool:
    """Move a row to the final state that it bears, with its response.

    Returns whether it was there to be moved: then `tell` comes next.
    """
    with transaction.atomic():
        moved = states.move(
            request_id=row.request_id,
            before=before,
            after=State(row.state),
            held_by=held_by,
            lease_owner="",
            lease_expires_at=None,
            **{name: getattr(row, name) for name in FIELDS},
        )
        if moved:
            records.answer(row.request_id, response)
    return moved


def tell(row: Invocation, result: InvocationResult, *, reply: str = "") -> bool:
    """Free the place of a row that is stored, and send its result to whoever waits.

    It goes to the list `reply`, if one is given, and to the group, if
    anybody watches. Returns whether events wait for a place.
    """
    told = message(row.request_id, row.last_sequence, "result", result=to_json(result))
    large = len(result.payload) > REPLY_LIMIT
    request_id = str(row.request_id)
    try:
        left = lane.leave(
            request_id=request_id,
            account_id=row.account_id,
            function_arn=row.function_arn,
            group=group_of(request_id),
            reply=reply,
            told=json.dumps({**told, "result": None} if large else told) if reply else "",
        )
    except RedisError as error:
        logger.warning("the end of %s could not be told: %s", request_id, error)
        return False
    if left.watchers:
        announcer().send(group_of(request_id), KIND, told)
    return left.events_wait


def free(row: Invocation) -> None:
    """Give back the place that admission gave it; without Valkey it expires by itself."""
    try:
        admission.release(
            request_id=str(row.request_id),
            account_id=row.account_id,
            function_arn=row.function_arn,
        )
    except RedisError as error:
        logger.warning("the place of %s could not be given back: %s", row.request_id, error)


def conclude(
    row: Invocation,
    state: State,
    text: str,
    *,
    error_type: str = LOST_TYPE,
    held_by: str = "",
    reply: str = "",
) -> bool:
    """End an invocation that no function ended, and say so; whether it was there to be ended."""
    before = State(row.state)
    told = report.of_request(str(row.request_id), text)
    row.state = state
    row.finished_at = timezone.now()
    row.function_error = UNHANDLED
    row.error_type = error_type
    row.error_message = told[:512]
    row.last_sequence += 1
    payload = error_payload(error_type, told)
    if not store(row, payload, before=before, held_by=held_by):
        return False
    tell(row, of_row(row, payload), reply=reply)
    return True


def lose(row: Invocation, text: str, *, held_by: str = "", reply: str = "") -> bool:
    """Our machinery failed it: an event is to be run again, a caller is told.

    Returns whether an event waits to be run again.
    """
    if row.state == State.RUNNING:
        _settle_log(row)
    again = row.invocation_type == InvocationType.EVENT and row.attempt + 1 < ATTEMPTS
    if again and row.state == State.PENDING:
        return _put_back(row)
    if again and row.state == State.RUNNING:
        moved = states.move(
            request_id=row.request_id,
            before=State.RUNNING,
            after=State.PENDING,
            held_by=held_by,
            attempt=row.attempt + 1,
            lease_owner="",
            lease_expires_at=None,
            last_sequence=row.last_sequence,
            due_at=timezone.now(),
        )
        if moved:
            free(row)
            admission.mark_waiting(True)
        return moved
    conclude(row, State.LOST, text, held_by=held_by, reply=reply)
    return False


def _put_back(row: Invocation) -> bool:
    """An event that could not even be begun waits, longer each time; whether it does now."""
    held = Invocation.objects.filter(pk=row.pk, state=State.PENDING, attempt=row.attempt)
    waits = held.update(
        attempt=row.attempt + 1,
        lease_owner="",
        lease_expires_at=None,
        due_at=timezone.now() + RETRY_AFTER * (row.attempt + 1),
    )
    free(row)
    return bool(waits)


def _settle_log(row: Invocation) -> None:
    """What a run that broke off had stored of its log, and up to which number."""
    stored = logs.batches(settings.LOG_STORE, row.log_file, offset=row.log_offset, end=None)
    row.log_length = sum(len(text) for _, text in stored)
    row.last_sequence = stored[-1][0] if stored else max(row.first_sequence, row.last_sequence)
