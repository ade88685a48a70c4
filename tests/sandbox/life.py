"""A runner's life for test_lives: sandboxes in every state, until it is killed.

Prints the host's process ids in each sandbox as one line of JSON, then waits.
"""

import json
import sys
import time
from pathlib import Path

from django.conf import settings

settings.configure(VIRGA_HOME=sys.argv[1])

from tests import sandboxes  # noqa: E402

ECHO = "def handler(event, context):\n    return event\n"
LOOP = "def handler(event, context):\n    while True:\n        pass\n"


def main() -> None:
    rig = sandboxes.make("bubblewrap", Path(sys.argv[1]))
    idle, busy, frozen = rig.start(ECHO), rig.start(LOOP), rig.start(ECHO)
    for function in (idle, frozen):
        function.result()
    busy.send()
    frozen.sandbox.freeze()
    prepared = [rig.prepare("python")]
    every = [function.sandbox for function in (idle, busy, frozen)] + prepared
    pids = [sandbox._inner._enforcer.processes() for sandbox in every]
    assert all(pids), pids
    print(json.dumps({"pids": pids, "groups": [sandbox.name for sandbox in every]}), flush=True)
    time.sleep(600)


main()
