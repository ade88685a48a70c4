"""Callers that never pause: `python -m tests.bench.callers FUNCTION COUNT SECONDS`.

A process of their own, so that one interpreter's lock is not what is
measured. Prints how many results came in the seconds after a warm-up.
"""

import asyncio
import sys
import time

WARM_UP_S = 4.0


async def keep_calling(name: str, count: int, seconds: float) -> int:
    """How many calls of `count` callers had their result within the measured seconds."""
    from tests.bench.caller import Caller

    caller = Caller()
    function = caller.function(name)
    begin = time.monotonic() + WARM_UP_S
    end = begin + seconds
    done = 0

    async def one() -> None:
        nonlocal done
        while time.monotonic() < end:
            await caller.call(function)
            done += begin <= time.monotonic() < end

    await asyncio.gather(*(one() for _ in range(count)))
    return done


def main(name: str, count: str, seconds: str) -> None:
    """Call, count, print."""
    import django

    django.setup()
    print(asyncio.run(keep_calling(name, int(count), float(seconds))))


if __name__ == "__main__":
    main(*sys.argv[1:])
