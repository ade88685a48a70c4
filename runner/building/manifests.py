"""What a function asks to have installed, in a form that equal requests share."""

import hashlib
import json
import platform
from collections.abc import Mapping

from runner.errors import CodeInvalid
from runner.runtimes import Interpreter

FORMAT = 1
"""Part of every key: raise it when the same manifests would build something else."""
MAX_BYTES = 5_000_000

NAMES: dict[str, tuple[str, ...]] = {
    "python": ("requirements.txt",),
    "node": ("package.json", "package-lock.json"),
}
"""The manifests that count, by language."""


def normalise(language: str, manifests: Mapping[str, str]) -> dict[str, str]:
    """Those of the language, without what changes nothing; empty when nothing is asked for.

    Refuses with CodeInvalid what is too large or is not the JSON it should be.
    """
    kept = {name: manifests[name] for name in NAMES[language] if manifests.get(name, "").strip()}
    for name, text in kept.items():
        if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
            raise CodeInvalid(f"{name} is over 5 MB.")
    return _python(kept) if language == "python" else _node(kept)


def _python(manifests: Mapping[str, str]) -> dict[str, str]:
    lines = [line.rstrip() for line in manifests.get("requirements.txt", "").splitlines()]
    wanted = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return {"requirements.txt": "\n".join(wanted) + "\n"} if wanted else {}


def _node(manifests: Mapping[str, str]) -> dict[str, str]:
    if "package.json" not in manifests:
        return {}
    documents = {}
    for name, text in manifests.items():
        try:
            documents[name] = json.loads(text)
        except ValueError as error:
            raise CodeInvalid(f"{name} is not JSON: {error}.") from error
        if not isinstance(documents[name], dict):
            raise CodeInvalid(f"{name} must hold a JSON object.")
    package = documents["package.json"]
    if not any(package.get(kind) for kind in ("dependencies", "optionalDependencies")):
        return {}
    # Scripts, names and versions of the function itself do not change what is installed.
    relevant = {
        key: package[key]
        for key in ("dependencies", "optionalDependencies", "peerDependencies", "overrides")
        if key in package
    }
    kept = {"package.json": json.dumps({"private": True, **relevant}, sort_keys=True, indent=2)}
    if lock := documents.get("package-lock.json"):
        # npm compares the lock's root with package.json: it must say the same.
        root = lock.get("packages", {}).get("")
        if isinstance(root, dict):
            lock["packages"][""] = relevant
        for key in ("name", "version"):
            lock.pop(key, None)
        kept["package-lock.json"] = json.dumps(lock, sort_keys=True, indent=2)
    return kept


def key_of(interpreter: Interpreter, manifests: Mapping[str, str]) -> str:
    """The SHA-256 under which a build is kept."""
    parts = [
        FORMAT,
        interpreter.language,
        interpreter.version,
        platform.machine(),
        sorted(manifests.items()),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
