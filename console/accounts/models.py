"""People, accounts and who may act in which."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person. Signs in with a name and password, or once with a link.

    Staff run the installation: they may make accounts and links for anybody.
    """

    last_account = models.ForeignKey(
        "accounts.Account", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )


class Account(models.Model):
    """A tenant, with a 12-digit id as in AWS. Everything else belongs to exactly one."""

    id = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=80)
    concurrency_limit = models.PositiveIntegerField(default=50)
    retention_days = models.PositiveIntegerField(default=30)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class Membership(models.Model):
    """What a person may do in an account. Roles are in `roles.Role`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "account"], name="one_membership_each")
        ]


class SignInLink(models.Model):
    """A link that signs one person in once. Only the token's SHA-256 is kept.

    `created_by` is who made it on a page, None for the machine's command line;
    what they may is asked again when the link is used.
    """

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    # With its maker: without one it would pass for the command line's.
    created_by = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Invitation(models.Model):
    """A link by which someone joins an account with a role, once."""

    token_hash = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12)
    note = models.CharField(max_length=120, blank=True, default="")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class AuditEntry(models.Model):
    """Who did what to what, when, and whether it was allowed. Never changed, only pruned."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")
    actor = models.CharField(max_length=160)
    action = models.CharField(max_length=80)
    resource = models.CharField(max_length=300, blank=True, default="")
    decision = models.CharField(max_length=8, default="allowed")
    address = models.CharField(max_length=64, blank=True, default="")
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="audit_by_account")]
