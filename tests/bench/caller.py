"""A process of the console that calls functions and awaits their results."""

import time
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async

from console.accounts.models import Account
from console.functions import services as functions
from console.functions.models import Function
from runner import services as runner
from tests.bench.functions import HELLO

RUNTIMES = {"python": "python3.11", "node": "nodejs22.x"}
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Called:
    """One call: how long it took, and when (wall clock) it began and its result was here."""

    ms: float
    request_id: str
    began: float
    ended: float
    result: Any


class Caller:
    """Calls as the pages, and later the endpoint, do: start, then await."""

    def __init__(self) -> None:
        self.account = Account.objects.get()
        if self.account.concurrency_limit < 1000:
            self.account.concurrency_limit = 1000
            self.account.save()

    def function(
        self,
        name: str,
        language: str = "python",
        files: dict[str, bytes] | None = None,
        **more: Any,
    ) -> Function:
        """A deployed function of this name, made at first use."""
        found = Function.objects.filter(account=self.account, name=name).first()
        return found or functions.create_function(
            account=self.account,
            name=name,
            runtime=RUNTIMES[language],
            by=None,
            files=files or HELLO[language],
            handler="app.handler",
            **more,
        )

    async def call(self, function: Function, qualifier: str = "$LATEST") -> Called:
        """One call to its result. A result that is no success ends the measurement."""
        start, began = time.perf_counter(), time.time()
        request_id = await sync_to_async(self.start)(function, qualifier)
        result = await runner.wait_for_result(request_id=request_id, timeout_s=PATIENCE_S)
        took, ended = (time.perf_counter() - start) * 1000, time.time()
        if result.state != "succeeded":
            raise RuntimeError(f"{function.name} ended so: {result}")
        return Called(took, request_id, began, ended, result)

    def start(self, function: Function, qualifier: str = "$LATEST") -> str:
        """Start one run; its request id."""
        return functions.invoke(
            account=self.account,
            function=function,
            qualifier=qualifier,
            event=b"{}",
            caller="bench",
        )
