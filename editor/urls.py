"""Addresses of a workspace's files, under an account's."""

from django.urls import URLPattern, path

from editor import views

app_name = "editor"

BASE = "workspaces/<int:workspace_id>/"

urlpatterns: list[URLPattern] = [
    path(BASE + "files/", views.files, name="files"),
    path(BASE + "file/", views.file, name="file"),
    path(BASE + "download/", views.download, name="download"),
    path(BASE + "save/", views.save, name="save"),
    path(BASE + "create/", views.create, name="create"),
    path(BASE + "rename/", views.rename, name="rename"),
    path(BASE + "delete/", views.delete, name="delete"),
    path(BASE + "upload/", views.upload, name="upload"),
    path(BASE + "search/", views.find, name="search"),
]
