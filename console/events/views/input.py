"""Reading what a script or a form sent."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from console.accounts.access import MemberRequest
from console.errors import Invalid
from console.functions.models import Function
from console.functions.queries import function_in


def function_of(request: MemberRequest, name: str) -> Function:
    """The function named in the address, of the member's account."""
    return function_in(account_id=request.account.pk, name=name)


def sent(request: HttpRequest) -> dict[str, Any]:
    """A JSON object, or a form as one. Refuses with Invalid anything else."""
    if request.content_type != "application/json":
        return {name: request.POST[name] for name in request.POST}
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Invalid("The request is not JSON.") from None
    if not isinstance(value, dict):
        raise Invalid("The request must be a JSON object.")
    return value


def text(values: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text. Refuses with Invalid when it is absent and has no default."""
    value = values.get(name, default)
    if not isinstance(value, str):
        raise Invalid(f"{name} must be a text.", field=name)
    return value


def number(values: Mapping[str, Any], name: str) -> int | None:
    """A whole number, or None when absent."""
    value = values.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Invalid(f"{name} must be a whole number.", field=name)


def mapping(values: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """An object, or None when absent."""
    value = values.get(name)
    if value is not None and not isinstance(value, dict):
        raise Invalid(f"{name} must be an object.", field=name)
    return value


def ids(values: Mapping[str, Any], name: str) -> list[int]:
    """A list of ids; empty when absent."""
    value = values.get(name) or []
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        raise Invalid(f"{name} must be a list of numbers.", field=name)
    return value
