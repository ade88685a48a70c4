"""Workspaces and their files. Contents are blobs of `runner.code`."""

from django.conf import settings
from django.db import models


class Workspace(models.Model):
    """A tree of files being edited in one account. `revision` grows with every change.

    `tree` is the digest of all files as they were at `tree_revision`.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=140)
    revision = models.PositiveIntegerField(default=0)
    tree = models.CharField(max_length=64, blank=True, default="")
    tree_revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)


class File(models.Model):
    """One file. `revision` is the workspace's when it was last saved: the base of the next save."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=1024)
    blob = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    executable = models.BooleanField(default=False)
    text = models.BooleanField(default=True)
    revision = models.PositiveIntegerField()
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "path"], name="one_file_per_path")
        ]
        ordering = ["path"]
