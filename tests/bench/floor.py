"""The floor: the runtime's own bootstrap as a plain process, spoken to directly.

No sandbox, no queue, no record. Warm: an event given to the Runtime API
session until its answer is there. Cold: from starting the process, or from
giving a prepared one its code, until the first answer.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.figures import say, spread_figure
from tests.bench.functions import HELLO

COLD_ROUNDS = 12
WARM_ROUNDS = 500
PREPARE_S = 0.4


@contextmanager
def installed() -> Iterator[Path]:
    """Django set up on a home that is removed after."""
    with tempfile.TemporaryDirectory(prefix="virga-bench-") as folder:
        os.environ["VIRGA_HOME"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "console.settings"
        import django

        django.setup()
        yield Path(folder)


def main() -> None:
    """Measure the newest interpreter of each language."""
    with installed() as home:
        from runner.runtime_api.server import RuntimeApiServer
        from runner.runtimes import discover, install

        server = RuntimeApiServer()
        measured: set[str] = set()
        for interpreter in discover.discover():
            if interpreter.language not in HELLO or interpreter.language in measured:
                continue
            measured.add(interpreter.language)
            install.install(home, lambda line: None, [interpreter])
            _measure(server, interpreter, install.runtime_dir(interpreter, home), home)
        server.close()


def _measure(server: object, interpreter: object, runtime_dir: Path, home: Path) -> None:
    language: str = interpreter.language  # type: ignore[attr-defined]
    task = home / f"task-{language}"
    task.mkdir()
    for name, content in HELLO[language].items():
        (task / name).write_bytes(content)
    given = (server, interpreter, runtime_dir, task)
    prepared = [_cold(*given, PREPARE_S) for _ in range(COLD_ROUNDS)]
    empty = [_cold(*given, 0.0) for _ in range(COLD_ROUNDS)]
    warm = _warm(*given)
    version = f"{language} {interpreter.version}"  # type: ignore[attr-defined]
    what = f"bare process, {version}"
    say(spread_figure(f"{what}: prepared, to the first answer", "floor", prepared))
    say(spread_figure(f"{what}: not started, to the first answer", "floor", empty))
    say(spread_figure(f"{what}: warm", "floor", warm, key=f"floor warm {language}"))


def _cold(server, interpreter, runtime_dir: Path, task: Path, prepare_s: float) -> float:  # type: ignore[no-untyped-def]
    from tests.integration.runner.runtimes.runtime_process import running

    start = time.perf_counter()
    with running(server, interpreter, runtime_dir) as runtime:
        if prepare_s:
            time.sleep(prepare_s)
            start = time.perf_counter()
        _begin(runtime, task)
        runtime.invoke()
        return (time.perf_counter() - start) * 1000


def _warm(server, interpreter, runtime_dir: Path, task: Path) -> list[float]:  # type: ignore[no-untyped-def]
    from tests.integration.runner.runtimes.runtime_process import running

    with running(server, interpreter, runtime_dir) as runtime:
        _begin(runtime, task)
        took = []
        for _ in range(WARM_ROUNDS + 50):
            start = time.perf_counter()
            runtime.invoke()
            took.append((time.perf_counter() - start) * 1000)
        return took[50:]


def _begin(runtime, task: Path) -> None:  # type: ignore[no-untyped-def]
    error = runtime.start(
        task, "app.handler", runtime="python3.11", environment={"LAMBDA_TASK_ROOT": str(task)}
    )
    if error is not None:
        raise SystemExit(f"the bare runtime did not start: {error}")


if __name__ == "__main__":
    main()
