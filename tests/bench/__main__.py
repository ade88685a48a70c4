"""`make bench`: every figure, side by side on one run.

`make bench ARGS="floor bubblewrap"` chooses sections, "docker:warm" one part
of a section; without, all are measured. Each program runs in a process of its
own, one after the other; beside each stands how busy the machine was: figures
with a noise over 1.2 are to be compared, not believed.
"""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.bench import product
from tests.bench.figures import Figure, noise, ratios, table
from tests.bench.programs import measure
from tests.installation import running_installation


def floor(part: str) -> Iterator[Figure]:
    """A plain process that runs the runtime's bootstrap, spoken to directly."""
    yield from measure(["tests.bench.floor"])


def backend(name: str, part: str) -> Iterator[Figure]:
    """Sandboxes of one backend alone, then the whole product on it."""
    if part in ("", "sandboxes"):
        yield from measure(["tests.bench.sandboxes", name])
    parts = [one for one in product.PARTS if part in ("", one)]
    if not parts:
        return
    # What a killed runner left mounted can't be removed with the folder: see `swept`.
    with tempfile.TemporaryDirectory(prefix="virga-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        try:
            with running_installation(home, product.settings(name)) as it:
                environment = it.environment | product.DJANGO
                for one in parts:
                    yield from measure(["tests.bench.product", name, one], environment=environment)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            last = str(error).strip().splitlines()[-1]
            yield Figure(f"the product on {name}", "", "failed", last)
        if left := swept(home):
            yield Figure(f"left mounted by the product on {name}", "nothing", f"{left} volumes")


def swept(home: Path) -> int:
    """Unmount what is still mounted under a home whose installation has ended; how many."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    mine = [place for place in mounts if place.startswith(f"{home}/")]
    for place in mine:
        subprocess.run(["umount", place], check=False)
    return len(mine)


def peers(part: str) -> Iterator[Figure]:
    """What else runs functions on one's own machine, where it can be installed."""
    for name in PEERS:
        if part in ("", name):
            yield from measure(["tests.bench.peers", name], longest_s=900)


PEERS = ("offline", "sam")
SECTIONS: dict[str, tuple[Callable[[str], Iterator[Figure]], tuple[str, ...]]] = {
    "floor": (floor, ()),
    "bubblewrap": (partial(backend, "bubblewrap"), ("sandboxes", *product.PARTS)),
    "docker": (partial(backend, "docker"), ("sandboxes", *product.PARTS)),
    "peers": (peers, PEERS),
}


def main(names: list[str]) -> int:
    """Print the table of the sections asked for, or of all."""
    known = [*SECTIONS, *(f"{name}:{part}" for name in SECTIONS for part in SECTIONS[name][1])]
    if unknown := set(names) - set(known):
        sys.stderr.write(f"No section {', '.join(unknown)}. There are: {' '.join(known)}\n")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl+C does
    rows: list[Figure] = []
    try:
        for chosen in names or SECTIONS:
            name, _, part = chosen.partition(":")
            # One by one: what was measured before a Ctrl+C is printed.
            for row in SECTIONS[name][0](part):
                rows.append(row)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; what was measured so far:\n")
    rows += [Figure("-- ratios within this run", "", f"noise {noise()}"), *ratios(rows)]
    sys.stdout.write(table(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
