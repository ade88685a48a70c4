"""`manage.py sweep`: remove what a killed runner of this node left behind."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from runner.backends import chosen


class Command(BaseCommand):
    """End leftover sandboxes: processes, containers, mounts, cgroups and files."""

    help = "Remove what a killed runner of this node left behind."

    def handle(self, *arguments: Any, **options: Any) -> None:
        usable = [backend for backend in chosen(settings.BACKENDS) if not backend.problem()]
        removed = sum(backend.sweep() for backend in usable)
        self.stdout.write(f"{removed} leftovers removed.")
