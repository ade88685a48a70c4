"""`manage.py link [name]`: print a link that signs one person in once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.accounts import services
from console.accounts.models import User


class Command(BaseCommand):
    help = (
        "Print a link that signs a person in once: the first administrator, who is made "
        "with a first account if there is nobody yet, or whoever is named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="", help="whom it signs in")

    def handle(self, *arguments: Any, **options: Any) -> None:
        name = options["username"]
        if not name:
            self.stdout.write(services.first_sign_in()[1])
            return
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"There is nobody named {name!r} who may sign in.")
        self.stdout.write(services.create_sign_in_link(user=user))
