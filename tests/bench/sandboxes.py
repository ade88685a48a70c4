"""Cold starts and warm events of one backend alone: `python -m tests.bench.sandboxes NAME`.

No product around it: no queue, no record. Cold is from the moment that a
sandbox is asked for (pool empty) or given its code (prepared) until the
handler's first line arrives, with all limits on. Warm is thaw, event, answer
and freeze, as the runner does between calls.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests.bench.figures import say, spread_figure
from tests.bench.floor import installed
from tests.bench.functions import FIRST_LINE

REACH = {"python": "15 ms", "node": "25 ms"}
EMPTY = {"bubblewrap": "80 ms", "docker": "400 ms"}
ROUNDS = 15
WARM_ROUNDS = 200
SETTLE_S = 0.4
PATIENCE_S = 30


def first_line(rig, language: str, sandbox) -> float:  # type: ignore[no-untyped-def]
    """One cold start to the handler's first line, ms."""
    from runner.runtime_api.session import Event

    volume = rig.volume(512)
    start = time.perf_counter()
    function = rig.start(FIRST_LINE[language], language=language, sandbox=sandbox, volume=volume)
    deadline = int((time.time() + PATIENCE_S) * 1000)
    answer = function.session.invoke(Event("bench", b"null", deadline, "arn:bench"))
    while "first line" not in function.printed:
        if time.perf_counter() - start > PATIENCE_S:
            raise SystemExit(f"no first line within {PATIENCE_S} s: {function.printed!r}")
        time.sleep(0.0002)
    took = (time.perf_counter() - start) * 1000
    answer.result(timeout=10)
    rig.clear()
    return took


def warm(rig, language: str) -> list[float]:  # type: ignore[no-untyped-def]
    """Thaw, event, answer, freeze, ms."""
    function = rig.start(FIRST_LINE[language], language=language)
    function.result()
    took = []
    for _ in range(WARM_ROUNDS):
        function.sandbox.freeze()
        start = time.perf_counter()
        function.sandbox.thaw()
        function.send().result(timeout=PATIENCE_S)
        took.append((time.perf_counter() - start) * 1000)
    rig.clear()
    return took


def main(name: str) -> None:
    """Measure one backend."""
    with installed():
        from tests.sandboxes import make

        with tempfile.TemporaryDirectory(prefix="virga-bench-") as folder:
            rig = make(name, Path(folder))
            try:
                _measure(rig, name)
            finally:
                rig.close()


def _measure(rig, name: str) -> None:  # type: ignore[no-untyped-def]
    languages = {interpreter.language for interpreter in rig.backend.interpreters()}
    for language in sorted(languages & set(FIRST_LINE), reverse=True):
        first_line(rig, language, None)
        prepared = []
        for _ in range(ROUNDS):
            sandbox = rig.prepare(language)
            time.sleep(SETTLE_S)
            prepared.append(first_line(rig, language, sandbox))
        empty = [first_line(rig, language, None) for _ in range(ROUNDS)]
        what = f"cold start, {language}, {name}"
        say(spread_figure(f"{what}: prepared, to the first line", REACH[language], prepared))
        say(spread_figure(f"{what}: pool empty, to the first line", EMPTY[name], empty))
        say(spread_figure(f"warm sandbox alone, {language}, {name}", "", warm(rig, language)))


if __name__ == "__main__":
    main(sys.argv[1])
