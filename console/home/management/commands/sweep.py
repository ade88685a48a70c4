"""`manage.py sweep`: remove what a killed runner of this node left behind."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from runner.backends import chosen
from runner.sandboxes.volumes import Volumes


class Command(BaseCommand):
    """End leftover sandboxes: processes, containers, mounts, cgroups and files."""

    help = "Remove what a killed runner of this node left behind."

    def handle(self, *arguments: Any, **options: Any) -> None:
        usable = [backend for backend in chosen(settings.BACKENDS) if not backend.problem()]
        removed = sum(backend.sweep() for backend in usable)
        # After the sandboxes, which held them.
        removed += Volumes(Path(settings.RUN_DIR)).sweep()
        self.stdout.write(f"{removed} leftovers removed.")
