"""Dependencies installed in a build sandbox, cached by content.

The row is the promise: a task carries its key, a lease says who builds, and
an expired lease is built again. So many run at once, in all and for one
account; the others wait as rows, for the workers have more to do than builds.
The log is stored first and announced after; what a build prints is bounded.
How packages are installed is in `building`.
"""

import logging
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from celery import current_app, shared_task
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from runner import nodes
from runner.announcer import announcer
from runner.building import leftovers, recipes
from runner.building import manifests as asked
from runner.building.recipes import BuildFailed
from runner.code import CodeStore
from runner.errors import CodeInvalid, RunnerError, RuntimeNotSupported
from runner.models import Build
from runner.results import build_group_of
from runner.runtimes import Interpreter, discover, table

logger = logging.getLogger(__name__)
_claiming = threading.Lock()
"""Counting and claiming are one step here: two threads must not take the last place."""

TASK = "runner.builds.run_build"
LEASE = timedelta(seconds=10)
RENEW_S = 2.0
QUEUED = timedelta(seconds=60)
"""How long a build may wait for a worker before it is enqueued again."""
AT_ONCE = 4
AT_ONCE_AN_ACCOUNT = 2
BATCH_S = 0.2
LOG_LIMIT = 1_000_000
OURS = "The build failed in Virga itself; the worker's log says why."
TRUNCATED = "\n[output over 1,000,000 characters is not kept]\n"


def ensure(
    *, account_id: str, runtime: str, manifests: Mapping[str, str], again: bool = False
) -> Build:
    """The build for these manifests on what serves the runtime, started if there is none.

    One that asks for nothing is READY with no tree. One whose tree is gone is
    started again, and a FAILED one where `again` says so: who only looks must
    get to know that it failed. Refuses with RuntimeNotSupported,
    and with CodeInvalid a package.json that is not JSON.
    """
    key, wanted = key_of(runtime=runtime, manifests=manifests)
    state = Build.State.PENDING if wanted else Build.State.READY
    row, made = Build.objects.get_or_create(
        key=key,
        defaults={
            "account_id": account_id,
            "runtime": runtime,
            "manifests": wanted,
            "state": state,
            "lease_expires_at": timezone.now() + QUEUED,
        },
    )
    if not made and not _again(row, failed=again):
        return row
    if row.state == Build.State.PENDING:
        transaction.on_commit(lambda: _enqueue(key))
    return row


def key_of(*, runtime: str, manifests: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The key of the build for these manifests, and them as they are kept. Refuses as `ensure`."""
    interpreter = _serving(runtime)
    wanted = asked.normalise(interpreter.language, manifests)
    return asked.key_of(interpreter, wanted), wanted


def _again(row: Build, *, failed: bool = False) -> bool:
    """Put a build that was lost or is gone, or `failed`, back to the start; whether it was."""
    lost = row.lease_expires_at is not None and row.lease_expires_at < timezone.now()
    gone = row.tree and not (Path(settings.CODE_STORE) / "trees" / row.tree).is_dir()
    open_ = row.state in (Build.State.PENDING, Build.State.RUNNING)
    if not ((failed and row.state == Build.State.FAILED) or (open_ and lost) or gone):
        return False
    fresh = {
        "state": Build.State.PENDING,
        "log": "",
        "error": "",
        "tree": "",
        "finished_at": None,
        "lease_expires_at": timezone.now() + QUEUED,
    }
    mine = Build.objects.filter(key=row.key, state=row.state, lease_owner=row.lease_owner)
    started = mine.update(**fresh) == 1
    row.refresh_from_db()
    return started


def requeue_expired() -> int:
    """Enqueue again what a dead worker left, and what waited too long; how many."""
    count = 0
    now = timezone.now()
    waiting = (Build.State.PENDING, Build.State.RUNNING)
    for row in Build.objects.filter(state__in=waiting, lease_expires_at__lt=now):
        if _again(row):
            logger.warning("build %s is started again", row.key)
            _enqueue(row.key)
            count += 1
    return count


@shared_task(name="runner.builds.reap", ignore_result=True)
def reap() -> None:
    """`requeue_expired` as periodic work."""
    requeue_expired()


def _enqueue(key: str) -> None:
    current_app.send_task(TASK, (key,), queue="worker", retry=False)


def _serving(runtime: str) -> Interpreter:
    """The interpreter that will run it, as the runners say; this machine's while none does."""
    table.lookup(runtime)
    offers = [
        nodes.interpreters_of(backend)
        for document in nodes.alive().values()
        for backend in document["backends"]
    ]
    for mine in [*offers, discover.discover()]:
        if found := table.resolve(runtime, mine):
            return found
    raise RuntimeNotSupported(
        f"Nothing installed here runs {runtime!r}: its packages can't be installed either."
    )


def _installer(language: str, version: str) -> Interpreter:
    """An interpreter of this machine to run the package manager: the serving one's like, if any."""
    wanted = Interpreter(language, version, "")
    places = 2 if language == "python" else 1  # what binary compatibility hangs on
    near = [i for i in discover.discover() if i.language == language]
    for one in near:
        if table.version_of(one)[:places] == table.version_of(wanted)[:places]:
            return one
    if near:
        return near[0]  # npm only unpacks, and pip can take wheels for another version
    raise RunnerError(
        f"Packages for {language} are installed by an interpreter of this machine, and it has "
        "none: install one (sudo apt-get install python3 nodejs npm)."
    )


# -- one build, in a worker


@shared_task(name=TASK, ignore_result=True)
def run_build(key: str) -> None:
    """Build one, unless somebody else does or has. May run twice."""
    owner = f"{settings.NODE}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    row = _claim(key, owner)
    if row is None:
        return
    progress = _Progress(key, owner)
    try:
        tree, size = _install(row, progress)
        progress.finish(Build.State.READY, tree=tree, size_bytes=size)
    except BuildFailed as failure:
        progress.finish(Build.State.FAILED, error=str(failure)[:500])
    except (RunnerError, CodeInvalid) as error:
        logger.warning("build %s: %s %s", key, error.message, getattr(error, "detail", ""))
        progress.finish(Build.State.FAILED, error=error.message[:500])
    finally:
        # A bug crashes the task, and must not leave the page waiting.
        if not progress.over():
            progress.finish(Build.State.FAILED, error=OURS)
        _start_waiting()


def _claim(key: str, owner: str) -> Build | None:
    """Take it, if it is to be had and there is a place; without one it goes on waiting."""
    now = timezone.now()
    free = Q(state=Build.State.PENDING) | Q(state=Build.State.RUNNING, lease_expires_at__lt=now)
    with _claiming:
        open_ = Build.objects.filter(free, key=key)
        row = open_.first()
        if row is None:
            return None
        if not _has_place(row.account_id, _running()):
            open_.update(state=Build.State.PENDING, lease_expires_at=now + QUEUED)
            return None
        return _take(open_, owner)


def _running() -> Counter[str]:
    """How many builds of each account are under way, on every worker."""
    rows = Build.objects.filter(state=Build.State.RUNNING, lease_expires_at__gte=timezone.now())
    return Counter(rows.values_list("account_id", flat=True))


def _has_place(account_id: str, running: Counter[str]) -> bool:
    return running.total() < AT_ONCE and running[account_id] < AT_ONCE_AN_ACCOUNT


def _start_waiting() -> None:
    """Enqueue the oldest that may run in the place that has become free."""
    running = _running()
    waiting = Build.objects.filter(state=Build.State.PENDING).order_by("created_at")
    for key, account_id in waiting.values_list("key", "account_id"):
        if _has_place(account_id, running):
            _enqueue(key)
            return


def _take(open_: QuerySet[Build], owner: str) -> Build | None:
    now = timezone.now()
    taken = open_.update(
        state=Build.State.RUNNING,
        lease_owner=owner,
        lease_expires_at=now + LEASE,
        log="",
        error="",
    )
    return Build.objects.get(lease_owner=owner) if taken else None


def _install(row: Build, progress: "_Progress") -> tuple[str, int]:
    if not settings.BUILD_EGRESS:
        raise BuildFailed(recipes.NO_EGRESS)
    language = table.lookup(row.runtime).language
    serving = _serving(row.runtime)
    installer = _installer(language, serving.version)
    store = CodeStore(Path(settings.CODE_STORE))
    with leftovers.own_folder(Path(settings.RUN_DIR) / "builds") as folder:
        request = recipes.Request(
            interpreter=installer,
            version=serving.version,
            manifests=row.manifests,
            hosts=tuple(settings.BUILD_HOSTS),
            run_dir=folder,
        )
        into = store.root / f".build-{row.key[:16]}-{uuid.uuid4().hex[:8]}"
        size = recipes.build(request, into=into, output=progress.receive)
        return store.adopt_directory(into), size


class _Progress:
    """Stores what a build prints, rings for it, and holds its lease."""

    def __init__(self, key: str, owner: str) -> None:
        self._key = key
        self._owner = owner
        self._lock = threading.Lock()
        self._pending: list[str] = []
        self._kept = 0
        self._sequence = 0
        self._over = threading.Event()
        self._announce("state", {"state": Build.State.RUNNING.value, "error": ""})
        self._thread = threading.Thread(target=self._work, name=f"build-{key[:8]}", daemon=True)
        self._thread.start()

    def receive(self, piece: bytes) -> None:
        """Take what the build has printed; over the limit it is dropped, and that is said once."""
        text = piece.decode("utf-8", "replace").replace("\0", "")
        with self._lock:
            if self._kept >= LOG_LIMIT:
                return
            text = text[: LOG_LIMIT - self._kept]
            self._kept += len(text)
            self._pending.append(text if self._kept < LOG_LIMIT else text + TRUNCATED)

    def over(self) -> bool:
        """Whether `finish` was called."""
        return self._over.is_set()

    def finish(self, state: Build.State, **fields: object) -> None:
        """Store how it ended, then say so; nothing when the lease was lost meanwhile."""
        self._over.set()
        self._thread.join()
        self._flush()
        ended = self._mine().update(
            state=state, finished_at=timezone.now(), lease_expires_at=None, **fields
        )
        if ended:
            error = str(fields.get("error", ""))
            self._announce("state", {"state": state.value, "error": error})

    def _work(self) -> None:
        renewed = time.monotonic()
        try:
            while not self._over.wait(BATCH_S):
                self._flush()
                if time.monotonic() - renewed > RENEW_S:
                    renewed = time.monotonic()
                    self._mine().update(lease_expires_at=timezone.now() + LEASE)
        finally:
            connection.close()  # the thread ends here, and nobody else could use it

    def _flush(self) -> None:
        with self._lock:
            text, self._pending = "".join(self._pending), []
        if text and self._mine().update(log=Concat("log", Value(text))):
            self._announce("log", {"text": text})

    def _mine(self) -> QuerySet[Build]:
        return Build.objects.filter(
            key=self._key, lease_owner=self._owner, state=Build.State.RUNNING
        )

    def _announce(self, kind: str, content: Mapping[str, str]) -> None:
        self._sequence += 1
        message = {"key": self._key, "seq": self._sequence, "kind": kind, **content}
        announcer().send(build_group_of(self._key), "build.message", message)
