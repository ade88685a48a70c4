"""System checks: bad settings, and what this node can isolate with.

The settings are checked by every command. What the machine has is asked only
by `manage.py check --deploy`, since asking costs an engine's answer.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

if TYPE_CHECKING:
    from runner.sandboxes.base import Backend

# Backends are imported where they are asked: a console process loads this
# module too, and must not carry Docker's client for a check it never makes.

NAMES = ("docker", "bubblewrap")
POSITIVE = ("NODE_CONCURRENCY", "FUNCTION_CONCURRENCY", "RETENTION_DAYS", "WARM_IDLE_S")


@register("runner")
def check_settings(app_configs: Any, **rest: Any) -> list[CheckMessage]:
    """Names of backends and numbers that make no sense."""
    found: list[CheckMessage] = []
    for name in [name for name in settings.BACKENDS if name not in NAMES]:
        found.append(
            Error(
                f"VIRGA_BACKENDS names {name!r}, which is no backend.",
                hint=f"Use some of: {', '.join(NAMES)}.",
                id="runner.E002",
            )
        )
    for name in POSITIVE:
        if getattr(settings, name) < 1:
            found.append(
                Error(f"{name} is {getattr(settings, name)}: use 1 or more.", id="runner.E003")
            )
    if settings.PREPARED_PER_RUNTIME < 0 or settings.NODE_MEMORY_MB < 0:
        found.append(
            Error("VIRGA_PREPARED and VIRGA_MEMORY_MB can't be negative.", id="runner.E004")
        )
    if settings.PREPARED_PER_RUNTIME == 0:
        found.append(
            Warning(
                "VIRGA_PREPARED is 0: every changed function starts from nothing.",
                hint="Use 1 or more.",
                id="runner.W002",
            )
        )
    return found


@register(Tags.security, deploy=True)
def check_isolation(app_configs: Any, **rest: Any) -> list[CheckMessage]:
    """Whether a function can be run here at all, and under which limits."""
    from runner.backends import chosen

    backends = chosen(settings.BACKENDS)
    try:
        return isolation(backends)
    finally:
        for backend in backends:
            backend.close()


def isolation(backends: "Sequence[Backend]") -> list[CheckMessage]:
    """What is wrong with these backends on this machine."""
    from runner.sandboxes.limits import WithWatch

    problems = {backend.name: backend.problem() for backend in backends}
    if all(problems.values()):
        told = " ".join(f"{name}: {text}" for name, text in problems.items())
        return [
            Error(
                f"Nothing on this machine can isolate a function. {told}",
                hint="apt-get install bubblewrap, or apt-get install docker.io",
                id="runner.E001",
            )
        ]
    return [
        Warning(
            f"{backend.name}: not every limit is enforced by the kernel here.",
            hint=WithWatch.described,
            id="runner.W001",
        )
        for backend in backends
        if not problems[backend.name] and getattr(backend, "enforced", "") == WithWatch.described
    ]
