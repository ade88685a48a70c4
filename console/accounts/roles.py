"""The roles of a member and the least role each action asks for."""

from enum import StrEnum


class Role(StrEnum):
    """A member's role in an account. Each may do all that those before it may."""

    VIEWER = "viewer"
    INVOKER = "invoker"
    DEVELOPER = "developer"
    DEPLOYER = "deployer"
    ADMIN = "admin"

    def at_least(self, other: "Role") -> bool:
        """Whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Action(StrEnum):
    """What a member does, named for the audit log."""

    VIEW = "view"
    INVOKE = "function.invoke"
    SAVE_EVENT = "event.save"
    EDIT_DRAFT = "draft.edit"
    CREATE_FUNCTION = "function.create"
    CONFIGURE = "function.configure"
    DEPLOY = "function.deploy"
    PUBLISH = "function.publish"
    DELETE_FUNCTION = "function.delete"
    MANAGE_MEMBERS = "members.manage"
    MANAGE_ACCOUNT = "account.manage"


LEAST: dict[Action, Role] = {
    Action.VIEW: Role.VIEWER,
    Action.INVOKE: Role.INVOKER,
    Action.SAVE_EVENT: Role.INVOKER,
    Action.EDIT_DRAFT: Role.DEVELOPER,
    Action.CREATE_FUNCTION: Role.DEVELOPER,
    Action.CONFIGURE: Role.DEPLOYER,
    Action.DEPLOY: Role.DEPLOYER,
    Action.PUBLISH: Role.DEPLOYER,
    Action.DELETE_FUNCTION: Role.DEPLOYER,
    Action.MANAGE_MEMBERS: Role.ADMIN,
    Action.MANAGE_ACCOUNT: Role.ADMIN,
}
