"""What events do when functions announce something."""

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from console.accounts.models import User
from console.events import services
from console.events.services.exchange import Sample
from console.functions.models import Function
from console.functions.signals import function_created


@receiver(function_created)
def give_events(
    sender: Any,
    *,
    function: Function,
    by: User | None,
    events: Sequence[Sample],
    duplicate_of: Function | None,
    **_: Any,
) -> None:
    """Give a new function its blueprint's events, or those of what it was copied from."""
    services.adopt_blueprint_events(function=function, events=events, by=by)
    if duplicate_of is not None:
        services.copy_events(source=duplicate_of, to=function, by=by)
