"""Every address of the console. An account's pages are under its 12-digit id."""

from django.urls import include, path, register_converter

from console.accounts.converters import AccountIdConverter

register_converter(AccountIdConverter, "account")

urlpatterns = [
    path("", include("console.home.urls")),
    path("", include("console.accounts.urls")),
    path("<account:account_id>/", include("editor.urls")),
    path("<account:account_id>/", include("console.functions.urls")),
    path("<account:account_id>/", include("console.events.urls")),
]
