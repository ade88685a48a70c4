"""`manage.py images`: build the Docker images of the runtimes now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runner import images


class Command(BaseCommand):
    """Build what is missing and say how it ended."""

    help = "Build the Docker images of the runtimes."

    def handle(self, *arguments: Any, **options: Any) -> None:
        status = images.ensure()
        if status.state != images.ImagesState.READY:
            raise CommandError(f"The images are {status.state}: {status.step}")
        self.stdout.write("The images are ready.")
