"""Addresses of the dashboard."""

from django.urls import URLPattern, path

from console.home import views

urlpatterns: list[URLPattern] = [
    path("", views.start, name="start"),
    path("<account:account_id>/", views.home, name="home"),
    path("<account:account_id>/node/", views.node, name="node"),
    path("<account:account_id>/search", views.search, name="search"),
]
