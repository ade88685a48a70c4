"""Everything that changes people, accounts, roles, links and the audit log."""

from console.accounts.services.audit import record

__all__ = ["record"]
