"""Where refusals become answers: a page, JSON or an htmx fragment.

Services raise; nothing between them and this middleware catches. What is
neither a refusal nor our machinery's failure is a bug and goes on to 500.
"""

import logging
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin

from console.accounts.addresses import address_of, caller_address
from console.accounts.services.audit import record_denial
from console.errors import ConsoleError, Forbidden, NotFound, NotSignedIn
from runner.errors import NoBackend, Refused, RunnerError

log = logging.getLogger(__name__)

STATUS_OF_RUNNER_CODE = {
    "ResourceNotFoundException": 404,
    "RequestTooLargeException": 413,
    "TooManyRequestsException": 429,
}
"""Everything else that the runner refuses is the request's fault: 400."""

TITLES = {
    400: "That cannot be done",
    403: "You may not do that",
    404: "Not found",
    409: "Somebody was faster",
    413: "That is too large",
    429: "Too many requests",
    500: "Something broke",
    503: "This cannot run just now",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an answer says, whatever its form."""

    status: int
    code: str
    message: str
    field: str = ""

    @property
    def title(self) -> str:
        return TITLES.get(self.status, TITLES[400])


class RefusalMiddleware(MiddlewareMixin):
    """Answers a ConsoleError, a runner's Refused and a RunnerError; leaves bugs alone."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        caller_address.set(address_of(request))
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            # PostgreSQL would refuse to look for it, wherever it were asked.
            refusal = Refusal(400, "InvalidAddress", "The address has a NUL, which no name has.")
            return answer(request, refusal)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotSignedIn):
            return _ask_to_sign_in(request, error)
        refusal = refusal_of(error)
        if refusal is None:
            return None
        if isinstance(error, Forbidden):
            record_denial(request, error.message)
        if isinstance(error, RunnerError):
            log.error("%s: %s (%s)", type(error).__name__, error.message, error.detail)
        return answer(request, refusal)


def refusal_of(error: Exception) -> Refusal | None:
    """What an error says to the person, or None for one that is a bug."""
    if isinstance(error, ConsoleError):
        return Refusal(error.status, error.code, error.message, error.field)
    if isinstance(error, Refused):
        status = STATUS_OF_RUNNER_CODE.get(error.code, 400)
        return Refusal(status, error.code, error.message)
    if isinstance(error, NoBackend):
        return Refusal(503, "NoBackend", error.message)
    if isinstance(error, RunnerError):
        return Refusal(500, "ServiceException", error.message)
    return None


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal in the form that this request can show."""
    if request.headers.get("HX-Request"):
        response = render(
            request, "components/refusal.html", {"refusal": refusal}, status=refusal.status
        )
        response["HX-Retarget"] = "#flash"
        response["HX-Reswap"] = "beforeend"
        return response
    if wants_json(request):
        body = {"code": refusal.code, "message": refusal.message, "field": refusal.field}
        return JsonResponse(body, status=refusal.status)
    return render(request, "errors/refusal.html", {"refusal": refusal}, status=refusal.status)


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, which would not know what to do with a page."""
    return (
        request.headers.get("Accept", "").startswith("application/json")
        or request.content_type == "application/json"
        or request.headers.get("Sec-Fetch-Dest") == "empty"
    )


def _ask_to_sign_in(request: HttpRequest, error: NotSignedIn) -> HttpResponse:
    """The sign-in form, which leads back here; a script is told by the status instead."""
    back = request.get_full_path() if request.method == "GET" else ""
    address = resolve_url(settings.LOGIN_URL) + (f"?{urlencode({'next': back})}" if back else "")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    if wants_json(request):
        return answer(request, Refusal(error.status, error.code, error.message))
    return HttpResponseRedirect(address)


# -- what Django and allauth refuse by themselves; named in console.urls


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Refusal(400, "ValidationException", "The request was not well formed."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Refusal(403, Forbidden.code, str(exception) or "That is not allowed."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Refusal(404, NotFound.code, "There is nothing at this address."))


def too_many(request: HttpRequest) -> HttpResponse:
    message = "Too many attempts in a short time. Wait a minute, then try again."
    return answer(request, Refusal(429, "TooManyRequestsException", message))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Named in settings as CSRF_FAILURE_VIEW."""
    message = (
        "This form is out of date, or your browser sent no cookie. "
        "Go back, load the page again and send it once more."
    )
    return answer(request, Refusal(403, "InvalidCsrfToken", message))


def broken(request: HttpRequest) -> HttpResponse:
    """The answer to a bug. Asks nothing of the database: that may be what broke."""
    if wants_json(request) or request.headers.get("HX-Request"):
        return JsonResponse(
            {"code": "ServiceException", "message": "Something broke.", "field": ""}, status=500
        )
    return HttpResponse(render_to_string("errors/500.html"), status=500)
