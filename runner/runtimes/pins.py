"""Exact versions of what is installed into a runtime directory, and where it comes from."""

from dataclasses import dataclass

PYTHON_CLIENT = ("awslambdaric==4.2.2", "simplejson==4.3.0", "snapshot-restore-py==1.0.0")
"""For pip. Versions of Python without a wheel get our own client."""


@dataclass(frozen=True, slots=True)
class NodePackage:
    """An npm package of which some files are unpacked, never its install scripts run."""

    folder: str
    name: str
    version: str
    integrity: str  # as npm states it: algorithm and base64 digest of the archive
    files: tuple[str, ...]  # paths in the archive, without its "package/"
    addon: str  # where the client looks for its native addon, which ours replaces


NODE_CLIENTS = (
    # Runtimes before nodejs24.x have callback handlers: the last client that knows them.
    NodePackage(
        folder="ric3",
        name="aws-lambda-ric",
        version="3.3.0",
        integrity="sha512-9p06TbKVK4a050NY/vYOxhMHvnIiUu5o1W0//q6yNLSqA/c91pn4BOj3C3sRTpplkUNsGJdU5qWyU2STo6L8hA==",
        files=("package.json", "LICENSE", "NOTICE", "dist/index.mjs"),
        addon="dist/rapid-client.node",
    ),
    NodePackage(
        folder="ric4",
        name="aws-lambda-ric",
        version="4.0.2",
        integrity="sha512-FE5Vskx7mYNnqAnWWJXUOsLp2VGgdsJsCoRLFTa8L4Yk0QVtArqR8q58yPA++QC1a73ZWJXBQ2AH31nIAv7NOQ==",
        files=("package.json", "LICENSE", "NOTICE", "index.mjs"),
        addon="rapid-client.node",
    ),
)
