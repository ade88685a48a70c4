"""What a function's settings may be: plain checks that refuse with Invalid, naming the field."""

import re
from collections.abc import Mapping

from console.errors import Invalid
from runner.runtimes.environment import reserved_names
from runner.spec import MEMORY_MB, TIMEOUT_S, TMP_MB

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
HANDLER = re.compile(r"[^\s]{1,128}")
VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
ENVIRONMENT_BYTES = 4_096
MAX_DESCRIPTION = 256
MAX_TAGS = 50


def storable(text: str) -> str:
    """Text that every database and page can hold: no NUL, no half of a character."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def check_name(name: str) -> str:
    """A function's name, as AWS takes it."""
    if not NAME.fullmatch(name):
        raise Invalid("A name has 1 to 64 letters, digits, hyphens or underscores.", field="name")
    return name


def check_handler(handler: str) -> str:
    """A handler: file and function, without spaces."""
    if not HANDLER.fullmatch(handler):
        raise Invalid(
            "A handler has 1 to 128 characters and no space: lambda_function.lambda_handler.",
            field="handler",
        )
    return handler


def check_description(description: str) -> str:
    """A description of at most 256 characters."""
    if len(description) > MAX_DESCRIPTION:
        raise Invalid(
            f"A description has at most {MAX_DESCRIPTION} characters.", field="description"
        )
    return description


def check_numbers(*, memory_mb: int, timeout_s: int, tmp_mb: int) -> None:
    """Memory, timeout and /tmp within AWS's limits."""
    for field, label, value, allowed, unit in (
        ("memory_mb", "Memory", memory_mb, MEMORY_MB, "MB"),
        ("timeout_s", "The timeout", timeout_s, TIMEOUT_S, "seconds"),
        ("tmp_mb", "Ephemeral storage (/tmp)", tmp_mb, TMP_MB, "MB"),
    ):
        if value not in allowed:
            raise Invalid(
                f"{label} is {allowed.start:,} to {allowed.stop - 1:,} {unit}.", field=field
            )


def check_variables(variables: Mapping[str, str]) -> None:
    """Environment variables: names, reserved names, 4 KB in all."""
    for name, value in variables.items():
        if name in reserved_names():
            raise Invalid(f"{name} is set by the runtime: choose another name.", field=name)
        if not VARIABLE.fullmatch(name):
            raise Invalid(
                f"{name!r}: a name starts with a letter and has letters, digits and underscores, "
                "at least two.",
                field=name,
            )
        if "\0" in value:
            raise Invalid(f"The value of {name} holds a NUL character.", field=name)
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > ENVIRONMENT_BYTES:
        raise Invalid(
            f"All names and values have {size:,} bytes; {ENVIRONMENT_BYTES:,} is the most.",
            field="variables",
        )


def check_tags(tags: Mapping[str, str]) -> None:
    """Tags: at most 50, keys up to 128 characters and values up to 256."""
    if len(tags) > MAX_TAGS:
        raise Invalid(f"A function has at most {MAX_TAGS} tags.", field="tags")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise Invalid(
                f"{key[:40]!r}: a key has 1 to 128 characters, a value at most 256.", field="tags"
            )
        if key.lower().startswith("aws:"):
            raise Invalid("Keys that begin with aws: are AWS's own.", field="tags")
