"""Users, accounts, memberships with roles, sign-in links, invitations and the audit log.

Owns who may act in which account. Knows nothing of what they act on.
"""
