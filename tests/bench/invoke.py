"""Warm invocations from service call to result: `python -m tests.bench.invoke`.

A runner process of its own and an embedded Valkey; sandboxes are plain child
processes (`--backend children`, the floor) or those of a real backend. Prints
the median and 95th percentile of calls one after the other, and calls a
second with 16 callers.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HELLO = "def handler(event, context):\n    return {'got': event}\n"


def main() -> None:
    """Set up, measure, end."""
    options = argparse.ArgumentParser()
    options.add_argument("--backend", default="children")
    options.add_argument("--calls", type=int, default=300)
    options.add_argument("--callers", type=int, default=16)
    options.add_argument("--seconds", type=float, default=5.0)
    chosen = options.parse_args()
    home = tempfile.mkdtemp(prefix="virga-bench-")
    os.environ["VIRGA_HOME"] = home
    os.environ["DJANGO_SETTINGS_MODULE"] = "console.settings"
    os.environ.setdefault("VIRGA_LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    from tests.valkey import running_valkey

    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    call_command("migrate", verbosity=0, run_syncdb=True)
    with running_valkey(settings.VALKEY_SOCKET):
        command = [sys.executable, "-m", "tests.fakes.runner_process"]
        command += [str(settings.DATABASES["default"]["NAME"]), chosen.backend]
        runner = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_for_runner(runner)
            asyncio.run(measure(chosen.calls, chosen.callers, chosen.seconds))
        finally:
            runner.terminate()
            runner.wait(timeout=30)
            shutil.rmtree(home, ignore_errors=True)


def wait_for_runner(runner: "subprocess.Popen[bytes]") -> None:
    """Until it says what it has."""
    from runner import nodes

    while not nodes.alive(max_age_s=0):
        if runner.poll() is not None:
            raise SystemExit("the runner ended")
        time.sleep(0.05)


async def measure(calls: int, callers: int, seconds: float) -> None:
    """Print the figures."""
    from django.conf import settings

    from runner.code import CodeStore, Entry
    from runner.spec import FunctionSpec

    store = CodeStore(Path(settings.CODE_STORE))
    tree = store.put_tree({"app.py": Entry(store.put_blob(HELLO.encode()), len(HELLO))})
    spec = FunctionSpec(
        account_id="111122223333",
        region="us-east-1",
        function_name="bench",
        version="1",
        runtime="python3.12",
        handler="app.handler",
        code=tree,
    )
    for _ in range(20):
        await call(spec)
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        await call(spec)
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    print(
        f"one caller: p50 {statistics.median(times):.1f} ms, p95 {times[len(times) * 95 // 100]:.1f} ms"
    )
    count = 0
    until = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal count
        while time.perf_counter() < until:
            await call(spec)
            count += 1

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    rate = count / (time.perf_counter() - began)
    print(f"{callers} callers: {rate:.0f} calls/s")


async def call(spec: object) -> None:
    """One call to its result."""
    from asgiref.sync import sync_to_async

    from runner import services

    start = sync_to_async(services.start_invocation, thread_sensitive=False)
    request_id = await start(spec=spec, event=b'{"n": 1}', caller="bench", qualifier="1")
    result = await services.wait_for_result(request_id=request_id, timeout_s=30)
    if json.loads(result.payload) != {"got": {"n": 1}}:
        raise SystemExit(f"a call went wrong: {result}")


if __name__ == "__main__":
    main()
