"""Everything that changes people, accounts, roles, links and the audit log."""

from console.accounts.services.accounts import create_account, first_administrator, update_account
from console.accounts.services.audit import prune_records, record
from console.accounts.services.invitations import (
    accept_as_new_person,
    accept_invitation,
    invite,
    revoke_invitation,
)
from console.accounts.services.links import (
    create_sign_in_link,
    first_sign_in,
    use_sign_in_link,
)
from console.accounts.services.members import change_role, remove_member, switch_person

__all__ = [
    "accept_as_new_person",
    "accept_invitation",
    "change_role",
    "create_account",
    "create_sign_in_link",
    "first_administrator",
    "first_sign_in",
    "invite",
    "prune_records",
    "record",
    "remove_member",
    "revoke_invitation",
    "switch_person",
    "update_account",
    "use_sign_in_link",
]
