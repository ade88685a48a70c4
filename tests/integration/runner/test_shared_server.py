"""Two installations on one Redis or Valkey hear and see nothing of each other."""

import os
import subprocess
import sys
from pathlib import Path

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache

from runner import admission, nodes
from tests.needs import ROOT

NEIGHBOUR = """
import django
django.setup()
from asgiref.sync import async_to_sync
from celery import current_app
from channels.layers import get_channel_layer
from django.core.cache import cache
import console.celery
from runner import admission, nodes
nodes.beat("neighbour", {})
nodes.ring_stop("theirs")
admission.mark_waiting(True)
cache.set("word", "theirs")
current_app.send_task("runner.tasks.run_invocation", ("theirs",), queue="runner")
async_to_sync(get_channel_layer().group_send)("function.1", {"type": "said", "by": "theirs"})
"""


def be_the_neighbour(home: Path) -> None:
    """Do, on this Valkey, what an installation does that has keys of its own."""
    own = {"VIRGA_HOME": str(home), "VIRGA_REDIS_URL": settings.REDIS_URL}
    others = ("VIRGA_ENCRYPTION_KEY", "VIRGA_SECRET_KEY")
    environment = {k: v for k, v in os.environ.items() if k not in others}
    command = [sys.executable, "-c", NEIGHBOUR]
    subprocess.run(command, cwd=ROOT, env=environment | own, check=True, timeout=60)


def test_what_a_neighbour_says_reaches_nobody_here(tmp_path: Path) -> None:
    async def listen() -> object:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add("function.1", channel)
        be_the_neighbour(tmp_path)
        await layer.group_send("function.1", {"type": "said", "by": "ours"})
        first = await layer.receive(channel)
        await layer.flush()
        return first["by"]

    with admission.connection().pubsub(ignore_subscribe_messages=True) as rings:
        rings.subscribe(nodes._STOP)
        assert async_to_sync(listen)() == "ours"
        nodes.ring_stop("ours")
        rung = None
        while rung is None:
            rung = rings.get_message(timeout=5)
        assert rung["data"] == b"ours"


def test_what_a_neighbour_keeps_bears_its_mark_and_is_not_seen_here(tmp_path: Path) -> None:
    server = admission.connection()
    cache.set("word", "ours")
    queue = f"{settings.REDIS_PREFIX}:runner"
    waiting, before = server.llen(queue), set(server.keys("*"))
    be_the_neighbour(tmp_path)
    assert "neighbour" not in nodes.alive(max_age_s=0)
    assert not admission.events_wait()
    assert server.llen(queue) == waiting
    assert cache.get("word") == "ours"
    theirs = {tuple(key.decode().split(":")[:2]) for key in set(server.keys("*")) - before}
    assert len(theirs) == 1
    assert theirs.pop()[0] == "virga"
