"""One part of the whole product: `python -m tests.bench.product BACKEND PART`.

Runs beside an installation that `tests.bench` started, in its environment, as
a second console process would.
"""

import os
import sys
from collections.abc import Callable, Iterator

from tests.bench.figures import Figure, say

DJANGO = {"DJANGO_SETTINGS_MODULE": "console.settings", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
MEMORY_MB = 40_000
"""A budget for what functions may use, not what they do: a hundred sleepers of 128 MB fit."""

PARTS = ("rest", "browser", "warm", "callers", "edit", "burst", "pages")


def settings(backend: str) -> dict[str, str]:
    """What the installation is started with."""
    return {
        "VIRGA_BACKENDS": backend,
        "VIRGA_CONCURRENCY": "200",
        "VIRGA_FUNCTION_CONCURRENCY": "200",
        "VIRGA_MEMORY_MB": str(MEMORY_MB),
        "VIRGA_LOG_LEVEL": "WARNING",
    }


def main(backend: str, part: str) -> None:
    """Measure one part."""
    os.environ.update(DJANGO)
    import django

    django.setup()
    from tests.bench import browser, load, memory

    parts: dict[str, Callable[[str], Iterator[Figure]]] = {
        "rest": memory.at_rest,
        "browser": browser.in_browser,
        "warm": load.warm,
        "callers": load.from_many_callers,
        "edit": load.edited,
        "burst": load.burst,
        "pages": load.pages_under_load,
    }
    for figure in parts[part](backend):
        say(figure)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
