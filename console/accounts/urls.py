"""Sign-in, members and the audit log."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("auth/", include("allauth.account.urls"))]
