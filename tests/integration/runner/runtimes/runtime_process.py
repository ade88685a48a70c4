"""Runs real bootstraps as plain child processes against the real Runtime API server.

No sandbox: a free port stands for 127.0.0.1:9001 and a folder for /var/task.
"""

import json
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runner.runtime_api.live import LiveSession
from runner.runtime_api.server import RuntimeApiServer
from runner.runtime_api.session import Answer, Event, InitError
from runner.runtimes import Interpreter, install

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"
WAIT_S = 20


class RuntimeProcess:
    """A prepared runtime; `start` gives it its function."""

    def __init__(
        self,
        server: RuntimeApiServer,
        interpreter: Interpreter,
        runtime_dir: Path,
        start_environment: Mapping[str, str],
    ) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.api = f"127.0.0.1:{self.port}"
        self.session: LiveSession = server.open(listener)
        listener.close()
        command = [
            part.replace(install.INSIDE, str(runtime_dir))
            for part in install.command(interpreter, start_environment)
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**start_environment, "AWS_LAMBDA_RUNTIME_API": self.api},
        )

    def start(
        self, task: Path, handler: str, *, runtime: str, environment: Mapping[str, str]
    ) -> InitError | None:
        """Assign the function and wait until it asks for an event or says it can't."""
        complete = {
            "AWS_LAMBDA_RUNTIME_API": self.api,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            "LAMBDA_TASK_ROOT": str(task),
            "PATH": "/usr/bin:/bin",
            "TZ": ":UTC",
            "_HANDLER": handler,
            **environment,
        }
        line = json.dumps({"handler": handler, "environment": complete})
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.session.initialised.result(WAIT_S)

    def invoke(self, event: object = None, **fields: str) -> Answer:
        """Give it an event and wait for the answer."""
        return self.session.invoke(make_event(event, **fields)).result(WAIT_S)

    def exit_code(self) -> int:
        """Wait for its end."""
        return self.process.wait(WAIT_S)

    def output(self) -> str:
        """End it and read all it printed."""
        self.close()
        assert self.process.stdout is not None
        return self.process.stdout.read().decode()

    def close(self) -> None:
        """End it; twice is fine."""
        self.session.close()
        self.process.kill()
        self.process.wait(WAIT_S)
        if self.process.stdin is not None:
            self.process.stdin.close()


def make_event(event: object = None, **fields: str) -> Event:
    """An event with an id of its own and three seconds to go."""
    return Event(
        request_id=str(uuid.uuid4()),
        body=event if isinstance(event, bytes) else json.dumps(event).encode(),
        deadline_ms=int((time.time() + 3) * 1000),
        invoked_arn=ARN,
        **fields,
    )


@contextmanager
def running(
    server: RuntimeApiServer,
    interpreter: Interpreter,
    runtime_dir: Path,
    start_environment: Mapping[str, str] | None = None,
) -> Iterator[RuntimeProcess]:
    """A prepared runtime that is gone afterwards."""
    runtime = RuntimeProcess(server, interpreter, runtime_dir, start_environment or {})
    try:
        yield runtime
    finally:
        runtime.close()
        if runtime.process.stdout is not None:
            runtime.process.stdout.close()


def without_official_client(interpreter: Interpreter, folder: Path) -> Path:
    """A runtime directory with our own client only, as an offline machine has it."""
    place = folder / f"{interpreter.language}-own"
    if not place.exists():
        shutil.copytree(install.BOOTSTRAPS / interpreter.language, place)
    return place
