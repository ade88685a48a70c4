"""Functions of an account, run on a real runner through the console's own way in."""

import itertools
import json
import time
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync

from console.accounts.models import Account
from console.functions import services
from console.functions.models import Function
from runner import services as runner
from runner.models import Invocation
from runner.spec import InvocationResult, InvocationType

FILES = {"python": "app.py", "node": "app.js"}
RUNTIMES = {"python": "python3.12", "node": "nodejs22.x"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Run:
    """How a run ended, as its caller and the page are told."""

    result: InvocationResult
    log: str

    @property
    def told(self) -> Any:
        """The payload, read."""
        return json.loads(self.result.payload)

    @property
    def error(self) -> tuple[str, str]:
        """AWS's error object: type and message, the request's id as <id>."""
        assert self.result.function_error == "Unhandled", self
        assert self.told["errorType"] == self.result.error_type
        message = self.told["errorMessage"].replace(self.result.request_id, "<id>")
        return self.told["errorType"], message


class Desk:
    """One account's functions."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def function(self, source: str, *, language: str = "python", **configuration: Any) -> Function:
        """A function of this one file, deployed."""
        return services.create_function(
            account=self.account,
            name=f"fault-{next(_numbers)}",
            runtime=RUNTIMES[language],
            handler="app.handler",
            files={FILES[language]: source.encode()},
            by=None,
            **configuration,
        )

    def start(self, function: Function, event: object = None, **more: Any) -> str:
        """Begin a run; its request id."""
        return services.invoke(
            account=self.account,
            function=function,
            qualifier="$LATEST",
            event=json.dumps(event).encode(),
            caller="test",
            **more,
        )

    def send(self, function: Function, event: object = None) -> str:
        """Give it an event that nobody waits for."""
        return self.start(function, event, invocation_type=InvocationType.EVENT)

    def end_of(self, request_id: str, timeout_s: float = 60) -> Run:
        """Wait until a run has ended."""
        waiting = async_to_sync(runner.wait_for_result)
        result = waiting(request_id=request_id, timeout_s=timeout_s)
        return Run(result, self.log(request_id))

    def run(self, function: Function, event: object = None) -> Run:
        """Call it and wait."""
        return self.end_of(self.start(function, event))

    def log(self, request_id: str) -> str:
        """What its page shows of its log now."""
        return runner.read_log(invocation=self.row(request_id))

    def row(self, request_id: str) -> Invocation:
        return Invocation.objects.get(pk=request_id)

    def wait_printed(self, request_id: str, text: str, patience_s: float = 20) -> None:
        """Until its log has that, while it runs."""
        deadline = time.monotonic() + patience_s
        while text not in self.log(request_id):
            assert time.monotonic() < deadline, f"{text!r} was not printed"
            time.sleep(0.03)
