"""Things to test with: plain functions with defaults.

Alice owns an account, Bob is a member of it with the role asked for, Charlie
is a stranger with an account of his own.
"""

from console.accounts.models import Account, Membership, User
from console.accounts.roles import Role


def make_user(name: str = "alice") -> User:
    """A person who can sign in with the password "correct horse battery"."""
    return User.objects.create_user(username=name, password="correct horse battery")


def make_account(*, id: str = "111122223333", name: str = "Rain") -> Account:
    """An account without members."""
    return Account.objects.create(id=id, name=name)


def join(user: User, account: Account, role: Role = Role.ADMIN) -> Membership:
    """Make a person a member."""
    return Membership.objects.create(user=user, account=account, role=role)
