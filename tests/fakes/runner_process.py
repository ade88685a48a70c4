"""A real runner process with the fake backend:
`python -m tests.fakes.runner_process DATABASE [BACKEND]`.

The Celery worker, threads, leases and Valkey are the product's own; only the
sandboxes are plain child processes. DATABASE is the test run's.
"""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")


def main(database: str, backend: str = "children") -> None:
    """Serve the queue `runner` until SIGTERM."""
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    import django

    django.setup()
    from console.celery import app
    from runner import backends, node
    from tests.fakes.children import ChildBackend

    chosen = [ChildBackend()] if backend == "children" else backends.chosen([backend])
    node.install(lambda: node.Node(chosen))
    arguments = ["worker", "-Q", "runner", "-P", "threads", "-c", "120", "-n", "runner@test"]
    arguments += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
    app.worker_main(arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
