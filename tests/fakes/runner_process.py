"""A real runner process with the fake backend: `python -m tests.fakes.runner_process DATABASE`.

The Celery worker, threads, leases and Valkey are the product's own; only the
sandboxes are plain child processes. DATABASE is the test run's.
"""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")


def main(database: str, *options: str) -> None:
    """Serve the queue `runner` until SIGTERM."""
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    import django

    django.setup()
    from console.celery import app
    from runner import node
    from tests.fakes.children import ChildBackend

    node.install(lambda: node.Node([ChildBackend()]))
    arguments = ["worker", "-Q", "runner", "-P", "threads", "-c", "120", "-n", "runner@test"]
    arguments += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
    app.worker_main(arguments + list(options))


if __name__ == "__main__":
    main(*sys.argv[1:])
