"""Cold starts of one backend, or of a plain process as the floor.

`python -m tests.bench.sandboxes NAME`, with "fake" for the floor.

From the moment that a sandbox is asked for (pool empty) or given its code
(prepared) until the handler's first line arrives. All limits are on. Prints a
JSON list of [what, reach, reached, note].
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("VIRGA_HOME", tempfile.mkdtemp(prefix="virga-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

import django

django.setup()

from runner.runtime_api.session import Event  # noqa: E402
from runner.sandboxes.base import Sandbox  # noqa: E402
from tests.bench.figures import spread  # noqa: E402
from tests.sandboxes import Rig, make  # noqa: E402

SOURCES = {
    "python": "def handler(event, context):\n    print('first line')\n    return 1\n",
    "node": "exports.handler = async () => { console.log('first line'); return 1; };\n",
}
REACH = {"python": "15 ms", "node": "25 ms"}
EMPTY = {"bubblewrap": "80 ms", "docker": "400 ms", "fake": "floor"}
ROUNDS = 15
SETTLE_S = 0.4


def first_line(rig: Rig, language: str, sandbox: Sandbox | None) -> float:
    """One cold start to the handler's first line, ms."""
    volume = rig.volume(512)
    start = time.perf_counter()
    function = rig.start(SOURCES[language], language=language, sandbox=sandbox, volume=volume)
    deadline = int((time.time() + 60) * 1000)
    answer = function.session.invoke(Event("bench", b"null", deadline, "arn:bench"))
    while "first line" not in function.printed:
        time.sleep(0.0002)
    took = (time.perf_counter() - start) * 1000
    answer.result(timeout=10)
    rig.clear()
    return took


def main(name: str) -> None:
    """Measure one backend."""
    rig = make(name, Path(tempfile.mkdtemp(prefix="virga-bench-")))
    rows = []
    try:
        languages = {interpreter.language for interpreter in rig.backend.interpreters()}
        for language in sorted(languages & set(SOURCES), reverse=True):
            first_line(rig, language, None)
            prepared = []
            for _ in range(ROUNDS):
                sandbox = rig.prepare(language)
                time.sleep(SETTLE_S)
                prepared.append(first_line(rig, language, sandbox))
            empty = [first_line(rig, language, None) for _ in range(ROUNDS)]
            what = f"cold start, {language}, {name}"
            rows.append([f"{what}: prepared", REACH[language], spread(prepared), ""])
            rows.append([f"{what}: pool empty", EMPTY[name], spread(empty), ""])
    finally:
        rig.close()
    sys.stdout.write(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
