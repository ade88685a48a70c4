"""Functions and what of them is deployed."""

from django.db import models

from console.accounts.models import Account, User
from editor.models import Workspace


class Function(models.Model):
    """A named function of one account. Its files being edited are `draft`."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="functions")
    name = models.CharField(max_length=64)
    description = models.CharField(max_length=256, blank=True, default="")
    tags = models.JSONField(default=dict)
    draft = models.OneToOneField(Workspace, on_delete=models.PROTECT, related_name="+")
    reserved_concurrency = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "name"], name="one_function_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class FunctionVersion(models.Model):
    """Code and configuration under a version: "$LATEST", which Deploy replaces, or a number.

    Numbered versions never change. `environment` is encrypted.
    `draft_revision` is the draft's revision that this code was deployed from.
    `build` is the key of the dependencies the code asks for; `dependencies`
    is their tree, empty while they are being installed.
    """

    LATEST = "$LATEST"

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(max_length=16)
    runtime = models.CharField(max_length=32)
    handler = models.CharField(max_length=128)
    memory_mb = models.PositiveIntegerField(default=128)
    timeout_s = models.PositiveIntegerField(default=3)
    tmp_mb = models.PositiveIntegerField(default=512)
    environment = models.BinaryField(default=b"")
    code = models.CharField(max_length=64)
    build = models.CharField(max_length=64, blank=True, default="")
    dependencies = models.CharField(max_length=64, blank=True, default="")
    draft_revision = models.PositiveIntegerField(default=0)
    description = models.CharField(max_length=256, blank=True, default="")
    modified_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["function", "version"], name="one_row_per_version")
        ]


class PendingDeploy(models.Model):
    """Code that becomes $LATEST as soon as its dependencies are installed.

    The row is the promise: `services.finish_deploys` keeps it, whoever calls
    that first. A failed build leaves the row with its `error` until the next
    deploy.
    """

    function = models.OneToOneField(
        Function, on_delete=models.CASCADE, primary_key=True, related_name="pending_deploy"
    )
    build = models.CharField(max_length=64, db_index=True)
    code = models.CharField(max_length=64)
    draft_revision = models.PositiveIntegerField()
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    requested_at = models.DateTimeField(auto_now=True)
    error = models.CharField(max_length=500, blank=True, default="")
