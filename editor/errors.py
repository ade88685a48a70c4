"""What the editor refuses beside what `console.errors` names."""

from dataclasses import dataclass
from datetime import datetime

from console.errors import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Theirs:
    """A file as somebody else left it. `content` is None when it was deleted, `revision` then 0."""

    path: str
    content: bytes | None
    revision: int
    saved_by: str
    saved_at: datetime | None


class SaveConflict(Conflict):
    """Files were saved by somebody else since; `conflicts` holds each as it is now."""

    def __init__(self, conflicts: list[Theirs]) -> None:
        names = ", ".join(theirs.path for theirs in conflicts[:3])
        more = f" and {len(conflicts) - 3} more" if len(conflicts) > 3 else ""
        who = sorted({theirs.saved_by for theirs in conflicts if theirs.saved_by})
        by = f" by {', '.join(who)}" if who else ""
        super().__init__(
            f"{names}{more} changed{by} since you opened it. Nothing was saved: "
            "compare the two and save again.",
            field="changes",
        )
        self.conflicts = conflicts


class PathTaken(Conflict):
    """There is a file or folder of that name already."""


class BadPattern(Invalid):
    """A search pattern that is no regular expression, or takes too long."""
