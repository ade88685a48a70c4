"""`manage.py prepare`: make the database and runtimes ready before the processes start."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from console.accounts.services import first_sign_in
from runner.backends import chosen
from runner.checks import isolation
from runner.images import ensure_images
from runner.runtimes import install


class Command(BaseCommand):
    """Migrate, and install runtime clients.

    The last line of its output is JSON for the supervisor: the address, with
    --link a one-time link for the first administrator, and notes (what is
    missing, with the command that mends it).
    """

    help = "Make the database and the runtimes ready."

    def add_arguments(self, parser: ArgumentParser) -> None:
        # Not always: where this output is a log, the link would be there for its readers.
        parser.add_argument("--link", action="store_true", help="make a sign-in link as well")

    def handle(self, *arguments: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        install.install(settings.VIRGA_HOME, self.stderr.write)
        if "docker" in settings.BACKENDS:
            ensure_images.delay()
        report = {
            "address": settings.PUBLIC_URL,
            "endpoint": settings.ENDPOINT_URL,
            "notes": "\n".join(notes()),
        }
        if options["link"]:
            user, link = first_sign_in()
            report |= {"user": user.username, "link": link}
        self.stdout.write(json.dumps(report))


def notes() -> list[str]:
    """What is missing on this machine, a sentence each, with what mends it."""
    backends = chosen(settings.BACKENDS)
    try:
        problems = {backend.name: backend.problem() for backend in backends}
        found = [] if all(problems.values()) else isolation(backends)
    finally:
        for backend in backends:
            backend.close()
    told = [f"{name} is not used: {problem}" for name, problem in problems.items() if problem]
    if len(told) == len(problems):
        told.insert(0, "Functions can be written but not run yet: nothing here can isolate them.")
    return told + [f"{message.msg} {message.hint or ''}".strip() for message in found]
