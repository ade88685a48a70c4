"""What functions refuse beside what `console.errors` names."""

from console.errors import Conflict, NotFound


class FunctionNotFound(NotFound):
    """No function, version or qualifier of that name in the account."""


class NameTaken(Conflict):
    """The account has a function of that name."""


class BuildNeeded(Conflict):
    """The code's dependencies are not installed yet; `key` names the build that does it."""

    code = "ResourceNotReadyException"

    def __init__(self, key: str) -> None:
        super().__init__(
            "The function's dependencies are being installed: run it again when that is done."
        )
        self.key = key


class BuildBroken(Conflict):
    """The code's dependencies could not be installed; the message says why."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The function's dependencies could not be installed: {why} Change them, or press "
            "Test or Deploy to try once more."
        )
