"""The Test socket of a function's page.

Test: mint a request id, join its group, start it, relay what the runner
announces. Messages of the client wait for each other, so everything that
takes longer than a look goes on as a task of its own.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any

from channels.db import database_sync_to_async

from console.accounts.access import NotMember, require
from console.accounts.roles import Action
from console.accounts.sockets import MemberConsumer
from console.errors import ConsoleError, Invalid, NotFound, NotSignedIn, Throttled
from console.functions import announcements, queries, runs, services
from console.functions.errors import BuildNeeded
from console.functions.models import Function
from console.functions.relays import BuildRelay, RunRelay
from editor.announcements import group_of as group_of_workspace
from runner import services as runner
from runner.errors import Refused, RunnerError

log = logging.getLogger(__name__)

MAX_MESSAGE = 33_554_432
"""32 MB: an event of 6 MB and the files saved with it."""
MAX_RUNS = 20
MAX_BUILDS = 8
"""What one socket may watch at once."""
NO_FUNCTION = 4404
TOO_LARGE = 4413
BROKEN = 4500
"""Codes of our own: a server may not close with 1009 or 1011 by Daphne's lights."""


class FunctionConsumer(MemberConsumer):
    """Starts test runs and relays their streams, builds, deploys and what is saved elsewhere."""

    function: Function

    async def opened(self) -> None:
        self._runs: dict[str, RunRelay] = {}
        self._builds: dict[str, BuildRelay] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._saving = 0
        self._saved: set[int] = set()
        self._changes: list[dict[str, Any]] = []
        try:
            self.function = await self._load()
        except NotFound:
            self._groups: list[str] = []
            await self.close(NO_FUNCTION)
            return
        self._groups = [
            announcements.group_of(self.function.pk),
            group_of_workspace(self.function.draft_id),
        ]
        for group in self._groups:
            await self.channel_layer.group_add(group, self.channel_name)

    async def closed(self) -> None:
        for task in self._tasks:
            task.cancel()
        runs_groups = [runner.group_of(request_id) for request_id in self._runs]
        builds_groups = [runner.build_group_of(name.partition(":")[0]) for name in self._builds]
        for group in self._groups + runs_groups + builds_groups:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        """Refuse what is no JSON message before it reaches anything."""
        if text_data is None or len(text_data) > MAX_MESSAGE:
            await self.close(TOO_LARGE)
            return
        try:
            content = json.loads(text_data)
        except (ValueError, RecursionError):
            await self._refuse(Invalid("The message is not JSON."), {})
            return
        await self.receive_json(content)

    async def handle(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "test":
                request = runs.request_from(message)
                require(self.membership, request.action)
                self._spawn(self._test(request), message)
            case "stop":
                require(self.membership, Action.INVOKE)
                self._spawn(self._stop(_text(message, "request_id")), message)
            case "watch":
                after = message.get("after", 0)
                if not isinstance(after, int) or after < 0:
                    raise Invalid("`after` is a sequence number.", field="after")
                self._spawn(self._watch(_text(message, "request_id"), after), message)
            case "watch-build":
                self._spawn(self._watch_build(_text(message, "key")), message)
            case other:
                raise Invalid(f"There is no message type {other!r}.", field="type")

    # -- what the client asks for

    async def _test(self, request: runs.RunRequest) -> None:
        request_id = str(uuid.uuid4())
        relay = await self._join(request_id, request.event_name, after=0)
        outcome = await self._save_and_start(request, request_id)
        if outcome.saved is not None:
            await self.send_json({"type": "saved", "id": request.token, **outcome.saved})
        if outcome.conflict is not None:
            await self._leave(request_id)
            await self.send_json({**outcome.conflict, "type": "conflict", "id": request.token})
            return
        if isinstance(outcome.refusal, BuildNeeded):
            await self._build_then_start(request, request_id, outcome.refusal.key)
        elif outcome.refusal is not None:
            await self._leave(request_id)
            raise outcome.refusal
        await self.send_json(
            {
                "type": "started",
                "id": request.token,
                "request_id": request_id,
                "draft": request.target == services.DRAFT,
            }
        )
        await relay.open()
        await self._follow(request_id, relay)

    async def _save_and_start(self, request: runs.RunRequest, request_id: str) -> runs.Outcome:
        self._saving += 1
        try:
            outcome = await database_sync_to_async(runs.save_and_start)(
                account_id=self.account.pk,
                name=self.function.name,
                request=request,
                request_id=request_id,
                by=self.user,
            )
            if outcome.saved is not None:
                self._saved.add(outcome.saved["revision"])
        finally:
            self._saving -= 1
        await self._tell_changes()
        return outcome

    async def _build_then_start(self, request: runs.RunRequest, request_id: str, key: str) -> None:
        try:
            relay = await self._follow_build(key, token=request.token)
            if relay.state == "failed":
                raise Invalid(f"The dependencies could not be installed: {relay.error}")
            await database_sync_to_async(runs.start)(
                function=await self._load(), request=request, request_id=request_id, by=self.user
            )
        except (ConsoleError, Refused, RunnerError):
            await self._leave(request_id)
            raise

    async def _stop(self, request_id: str) -> None:
        await database_sync_to_async(services.stop)(function=self.function, request_id=request_id)

    async def _watch(self, request_id: str, after: int) -> None:
        row = await database_sync_to_async(queries.invocation_of)(self.function, request_id)
        if request_id in self._runs:
            await self._leave(request_id)
        relay = await self._join(request_id, row.label, after=after)
        await relay.open()
        await relay.catch_up()
        await self._follow(request_id, relay)

    async def _watch_build(self, key: str) -> None:
        await database_sync_to_async(queries.check_build)(self.function, key)
        await self._follow_build(key, token="")

    # -- relaying

    async def _join(self, request_id: str, label: str, *, after: int) -> RunRelay:
        if len(self._runs) >= MAX_RUNS:
            raise Throttled(f"This page watches {MAX_RUNS} runs already: wait for one to end.")

        async def send(message: dict[str, Any]) -> None:
            await self.send_json(await self._shown(message, label))

        async def replay(last: int) -> list[dict[str, Any]]:
            return await database_sync_to_async(runner.events_after)(
                request_id=request_id, after=last
            )

        relay = RunRelay(after=after, send=send, replay=replay)
        self._runs[request_id] = relay
        await self.channel_layer.group_add(runner.group_of(request_id), self.channel_name)
        return relay

    async def _follow(self, request_id: str, relay: RunRelay) -> None:
        await relay.follow()
        if self._runs.get(request_id) is relay:
            await self._leave(request_id)

    async def _leave(self, request_id: str) -> None:
        self._runs.pop(request_id, None)
        await self.channel_layer.group_discard(runner.group_of(request_id), self.channel_name)

    async def _follow_build(self, key: str, *, token: str) -> BuildRelay:
        if len(self._builds) >= MAX_BUILDS:
            raise Throttled(f"This page watches {MAX_BUILDS} builds already: wait for one to end.")

        async def send(message: dict[str, Any]) -> None:
            await self.send_json({"type": "build", "id": token, "key": key, **message})

        async def read() -> tuple[str, str, str]:
            build = await database_sync_to_async(runner.read_build)(key=key)
            return build.log, build.state, build.error

        name = f"{key}:{uuid.uuid4()}"
        relay = self._builds[name] = BuildRelay(send=send, read=read)
        group = runner.build_group_of(key)
        await self.channel_layer.group_add(group, self.channel_name)
        await relay.follow()
        del self._builds[name]
        if not any(other.startswith(key) for other in self._builds):
            await self.channel_layer.group_discard(group, self.channel_name)
        await database_sync_to_async(services.finish_deploys)(build=key)
        return relay

    async def _shown(self, message: dict[str, Any], label: str) -> dict[str, Any]:
        """A stream message as the page gets it."""
        base = {key: message[key] for key in ("request_id", "seq")}
        kind = message["kind"]
        if kind != "result":
            key = "state" if kind == "state" else "text"
            return {"type": kind, **base, key: str(message[key])}
        given = (message["request_id"], message["result"], label)
        if queries.is_at_hand(message["result"]):
            shown = queries.shown_result(*given)
        else:
            shown = await database_sync_to_async(queries.shown_result)(*given)
        return {"type": "result", **base, "result": asdict(shown)}

    # -- what groups announce

    async def invocation_message(self, event: dict[str, Any]) -> None:
        relay = self._runs.get(event["message"]["request_id"])
        if relay is not None:
            await relay.take(event["message"])

    async def build_message(self, event: dict[str, Any]) -> None:
        for name, relay in self._builds.items():
            if name.startswith(event["message"]["key"]):
                relay.ring()

    async def function_deployed(self, event: dict[str, Any]) -> None:
        await self.send_json({"type": "deployed", **event["message"]})

    async def workspace_changed(self, event: dict[str, Any]) -> None:
        self._changes.append(event["message"])
        await self._tell_changes()

    async def _tell_changes(self) -> None:
        # Held back during a save from here: news of it may come before its answer.
        while self._changes and not self._saving:
            message = self._changes.pop(0)
            if message["revision"] in self._saved:
                continue
            told = {key: message[key] for key in ("revision", "by", "paths")}
            await self.send_json({"type": "changed", **told})

    # -- tasks

    async def _load(self) -> Function:
        return await database_sync_to_async(queries.function_in)(
            account_id=self.account.pk, name=self.scope["url_route"]["kwargs"]["name"]
        )

    def _spawn(self, work: Coroutine[Any, Any, None], message: dict[str, Any]) -> None:
        task = asyncio.create_task(self._guard(work, message))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def _guard(self, work: Coroutine[Any, Any, None], message: dict[str, Any]) -> None:
        try:
            await work
        except (NotMember, NotSignedIn) as error:
            await self._part(error)
        except (ConsoleError, Refused, RunnerError) as error:
            await self._refuse(error, message)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (bug := task.exception()) is None:
            return
        log.error("the Test socket broke", exc_info=bug)
        closing = asyncio.ensure_future(self.close(BROKEN))
        self._tasks.add(closing)
        closing.add_done_callback(self._tasks.discard)


def _text(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or not value:
        raise Invalid(f"`{key}` must be text.", field=key)
    return value
