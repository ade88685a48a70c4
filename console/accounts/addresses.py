"""The address from which the present request or socket came, for the audit log."""

from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest

caller_address: ContextVar[str] = ContextVar("caller_address", default="")


def address_of(request: HttpRequest) -> str:
    """The client's address. The proxy's header counts only where a proxy is trusted."""
    if settings.TRUSTED_PROXY and (forwarded := request.headers.get("X-Forwarded-For")):
        return forwarded.rsplit(",", 1)[-1].strip()[:64]
    return str(request.META.get("REMOTE_ADDR") or "")[:64]
