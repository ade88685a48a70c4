"""What the runner refuses, and how its own machinery fails.

A function's failure is neither: that is data, in `spec.InvocationResult`.
"""


class RunnerError(Exception):
    """Our machinery failed. The message is for the user, `detail` for the log."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class SandboxFailed(RunnerError):
    """A sandbox could not be started, given its code or ended."""


class NoBackend(RunnerError):
    """Neither Docker nor bubblewrap is usable; the message says what to install."""


class NoRoom(RunnerError):
    """The node's memory is given out; the message says how much, and what to change."""


class Refused(Exception):
    """A request the runner will not take. `code` is AWS's name for the reason."""

    code = "InvalidParameterValueException"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RuntimeNotSupported(Refused):
    """No installed interpreter serves the runtime; the message names those that are."""


class PayloadTooLarge(Refused):
    """The event is over 6,291,456 bytes (256 KB when asynchronous: 262,144 bytes)."""

    code = "RequestTooLargeException"


class PayloadNotJson(Refused):
    """The event is not JSON in UTF-8."""

    code = "InvalidRequestContentException"


class TooManyRequests(Refused):
    """Admission is full. `reason` is AWS's: which of the limits it was."""

    code = "TooManyRequestsException"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class CodeInvalid(Refused):
    """A tree or archive that cannot be taken: traversal, links, sizes, not a zip."""


class InvocationNotFound(Refused):
    """No record of that request id (in that account)."""

    code = "ResourceNotFoundException"
