"""Installing wheels only, where code that a build runs could read credentials.

pip takes options and addresses from requirements.txt that win over those of
the command line, so that such lines are refused.
"""

import re

ONLY = ("--only-binary", ":all:")
WHY = (
    "Only wheels are installed: this installation's package index has credentials, and the "
    "setup.py of a source distribution could read them.\n"
)
_NOT_A_NAME = re.compile(r"[/@$:\\]")
"""What an address, a path or a variable has, and a name with versions and markers has not."""


def problem(requirements: str) -> str:
    """The line that would install something else than a wheel from an index, in a sentence."""
    for line in requirements.replace("\\\n", " ").splitlines():
        words = re.sub(r"(^|\s)#.*", "", line).split()
        told = [word for word in words if not word.startswith("--hash=")]
        if any(word.startswith("-") or _NOT_A_NAME.search(word) for word in told):
            return (
                f"requirements.txt may only name packages and versions here, not {line.strip()!r}: "
                "this installation's package index has credentials, so only its wheels are "
                "installed."
            )[:500]
    return ""
