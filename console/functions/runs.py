"""A test run as the page asks for one: files saved first, then started."""

from dataclasses import dataclass
from typing import Any

from console.accounts.models import User
from console.accounts.roles import Action
from console.errors import ConsoleError, Invalid
from console.functions import queries, services
from console.functions.models import Function
from console.functions.values import storable
from editor.errors import SaveConflict
from editor.services import Change, save_files
from editor.views import changes_from, conflict_as_json, saved_as_json
from runner.errors import Refused, RunnerError


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a `test` message asks for. `token` is the client's own name for it."""

    token: str
    target: str
    changes: list[Change]
    event: bytes
    event_name: str

    @property
    def action(self) -> Action:
        """What one must be allowed to do: a deployed target is only invoked."""
        draft = self.target == services.DRAFT or self.changes
        return Action.EDIT_DRAFT if draft else Action.INVOKE


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a request came: saved or not, then started or the reason why not."""

    saved: dict[str, Any] | None = None
    conflict: dict[str, Any] | None = None
    refusal: ConsoleError | Refused | RunnerError | None = None


def request_from(message: dict[str, Any]) -> RunRequest:
    """A `test` message, checked. Refuses with Invalid."""
    for key in ("id", "target", "event", "event_name"):
        if not isinstance(message.get(key, ""), str):
            raise Invalid(f"`{key}` must be text.", field=key)
    try:
        event = message.get("event", "").encode()
    except UnicodeEncodeError as error:
        raise Invalid("The event holds half a character.", field="event") from error
    return RunRequest(
        token=message.get("id", ""),
        target=message.get("target", services.DRAFT),
        changes=changes_from(message.get("files", [])),
        event=event,
        event_name=storable(message.get("event_name", ""))[:128],
    )


def save_and_start(
    *, account_id: str, name: str, request: RunRequest, request_id: str, by: User
) -> Outcome:
    """Save the request's files, then start the run, in one go: this is Ctrl+Enter."""
    saved: dict[str, Any] | None = None
    try:
        function = queries.function_in(account_id=account_id, name=name)
        if request.changes:
            revision = save_files(workspace=function.draft, changes=request.changes, by=by)
            saved = saved_as_json(function.draft, revision, request.changes)
        start(function=function, request=request, request_id=request_id, by=by)
    except SaveConflict as conflict:
        return Outcome(conflict=conflict_as_json(conflict))
    except (ConsoleError, Refused, RunnerError) as refusal:
        return Outcome(saved=saved, refusal=refusal)
    return Outcome(saved=saved)


def start(*, function: Function, request: RunRequest, request_id: str, by: User) -> None:
    """Start the run of a request whose files are saved. Refuses as `services.invoke`."""
    services.invoke(
        account=function.account,
        function=function,
        qualifier=request.target,
        event=request.event,
        caller=f"user:{by.get_username()}",
        request_id=request_id,
        label=request.event_name,
        rebuild=True,
    )
