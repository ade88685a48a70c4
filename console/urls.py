"""Every address of the console. An account's pages are under its 12-digit id."""

from django.urls import include, path, register_converter

from console.accounts.converters import AccountIdConverter
from console.home.health import healthz

register_converter(AccountIdConverter, "account")

urlpatterns = [
    path("healthz", healthz),
    path("", include("console.home.urls")),
    path("", include("console.accounts.urls")),
    path("<account:account_id>/", include("editor.urls")),
    path("<account:account_id>/", include("console.functions.urls")),
    path("<account:account_id>/", include("console.events.urls")),
]

handler400 = "console.accounts.refusals.bad_request"
handler403 = "console.accounts.refusals.forbidden"
handler404 = "console.accounts.refusals.not_found"
handler429 = "console.accounts.refusals.too_many"
handler500 = "console.accounts.refusals.broken"
