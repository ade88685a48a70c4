"""`make bench`: every figure, side by side on one run. Arguments choose sections.

Sections: fake (the floor: a plain process), bubblewrap, docker, product,
peers. Each runs in a process of its own, one after the other.
"""

import json
import subprocess
import sys

from tests.bench.figures import Figure, noise, table

SECTIONS: dict[str, list[list[str]]] = {
    "floor": [["tests.bench.sandboxes", "fake"]],
    "bubblewrap": [["tests.bench.sandboxes", "bubblewrap"], ["tests.bench.product", "bubblewrap"]],
    "docker": [["tests.bench.sandboxes", "docker"], ["tests.bench.product", "docker"]],
    "peers": [["tests.bench.peers"]],
}
LONGEST_S = 900


def measure(program: list[str]) -> list[Figure]:
    """Run one program; its figures, or one that says how it failed."""
    name = " ".join(program)
    sys.stderr.write(f"measuring: {name} (noise {noise()})\n")
    try:
        run = subprocess.run(
            [sys.executable, "-m", *program], capture_output=True, text=True, timeout=LONGEST_S
        )
    except subprocess.TimeoutExpired:
        return [Figure(name, "", "not measured", f"over {LONGEST_S} s")]
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        return [Figure(name, "", "not measured", last[:200])]
    return [Figure(*row) for row in json.loads(run.stdout.splitlines()[-1])]


def main(names: list[str]) -> None:
    """Print the table of the sections asked for, or of all."""
    rows = [Figure("noise of the machine (1.0 is quiet)", "", noise())]
    for name in names or SECTIONS:
        for program in SECTIONS[name]:
            rows += measure(program)
    sys.stdout.write(table(rows) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
