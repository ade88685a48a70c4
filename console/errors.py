"""The refusals. An edge translates them once; services raise them.

A refusal is a caller's fault and says what to do. A user's function failing
is data; a bug is left to crash.
"""


class ConsoleError(Exception):
    """Base of every refusal. `status` is the HTTP status, `code` AWS's name for it."""

    status = 400
    code = "ValidationException"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NotFound(ConsoleError):
    """There is no such thing in this account, or the caller may not know of it."""

    status = 404
    code = "ResourceNotFoundException"


class Conflict(ConsoleError):
    """It exists already, or somebody else changed it meanwhile."""

    status = 409
    code = "ResourceConflictException"


class NotSignedIn(ConsoleError):
    """Nobody is signed in. A page answers with the sign-in form, JSON with the code."""

    status = 401
    code = "UnrecognizedClientException"


class Forbidden(ConsoleError):
    """The member's role does not allow it; the message names the role that does."""

    status = 403
    code = "AccessDeniedException"


class Invalid(ConsoleError):
    """A value is not of the form asked for; `field` names it."""

    code = "InvalidParameterValueException"


class Throttled(ConsoleError):
    """A limit of the account, function or node is reached: try again."""

    status = 429
    code = "TooManyRequestsException"
