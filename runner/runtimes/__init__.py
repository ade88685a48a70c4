"""What a runtime's name means: "python3.12" and the interpreter that serves it.

Every AWS runtime name is accepted through one written table (`table`); the
page says which interpreter really runs. `bootstraps/` holds the programs that
speak the Runtime API inside a sandbox, `images/` what Docker images hold.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An installed interpreter, as a backend found it.

    `language` is "python" or "node"; `version` is its own full version, e.g.
    "3.11.2"; `path` its place as seen inside the sandbox; `home` the host
    directory that must be visible inside for it to run ("" when it comes
    with the root file system or image).
    """

    language: str
    version: str
    path: str
    home: str = ""
