"""The SAM CLI's start-lambda with warm containers, on this machine's Docker engine.

Its official images need a registry, so an image of ours stands in: the
runner's own Python image with the official runtime client, under the name
that SAM asks for. That name and its derived one are removed afterwards,
unless they were there before.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.tool import NotHere, Tool, clean_environment, run
from tests.installation import free_port

PACKAGE = "aws-sam-cli==1.170.0"
ASK = """
import sys
from samcli.local.docker.lambda_image import LambdaImage, Runtime
name = Runtime.get_image_name_tag(sys.argv[1], sys.argv[2])
print(f"{LambdaImage._INVOKE_REPO_PREFIX}/{name}")
"""
TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {code}
      Handler: app.handler
      Runtime: {runtime}
      Architectures: [{architecture}]
      Timeout: 30
"""
DOCKERFILE = """\
FROM {base}
COPY runtime /var/runtime
ENV PYTHONPATH=/var/runtime LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime
WORKDIR /var/task
CMD []
"""
BOOTSTRAP = '#!/bin/sh\nexec /usr/bin/python3 -m awslambdaric "$_HANDLER"\n'


@contextmanager
def tools(installed: Path, work: Path) -> Iterator[list[Tool]]:
    """Python, with containers kept warm once they were used."""
    sam = _installed(installed)
    client = _engine()
    try:
        with _stand_in(client, sam, work) as runtime:
            yield [_tool(client, sam, runtime, work)]
    finally:
        client.close()


def _installed(place: Path) -> Path:
    sam = place / PACKAGE.replace("==", "-") / "bin" / "sam"
    if not sam.exists():
        run([sys.executable, "-m", "venv", str(sam.parent.parent)])
        pip = [str(sam.with_name("python")), "-m", "pip", "install", "--quiet"]
        run([*pip, "--disable-pip-version-check", PACKAGE])
    return sam


def _engine() -> Any:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=120)
        client.ping()
        return client
    except DockerException as error:
        raise NotHere("no Docker engine answers: apt-get install docker.io") from error


def _architecture() -> str:
    return "arm64" if os.uname().machine == "aarch64" else "x86_64"


@contextmanager
def _stand_in(client: Any, sam: Path, work: Path) -> Iterator[str]:
    """Give SAM an image under the name that it asks for; the runtime's name."""
    from runner.runtimes.images import IMAGES, VERSION_LABEL

    base = IMAGES["python"].tag(os.environ.get("VIRGA_DOCKER_BASE_IMAGE", ""))
    found = client.images.list(name=base)
    if not found:
        raise NotHere(f"the image {base} is not built yet: make images")
    minor = ".".join(found[0].labels[VERSION_LABEL].split(".")[:2])
    runtime = f"python{minor}"
    ask = [str(sam.with_name("python")), "-c", ASK, runtime, _architecture()]
    wanted = run(ask).split()[-1]
    before = {tag for image in client.images.list() for tag in image.tags}
    repository = wanted.rpartition(":")[0]
    if wanted in before:
        yield runtime
        return
    client.images.build(path=str(_context(work, base, minor)), tag=wanted, rm=True)
    try:
        yield runtime
    finally:
        after = {tag for image in client.images.list() for tag in image.tags}
        for tag in after - before:
            if tag.startswith(f"{repository}:"):
                client.images.remove(tag, force=True)


def _context(work: Path, base: str, minor: str) -> Path:
    from runner.runtimes.pins import PYTHON_CLIENT

    context = work / "stand-in"
    target = context / "runtime"
    target.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--only-binary=:all:", "--python-version", minor, "--target", str(target)]
    run([*pip, *PYTHON_CLIENT])
    (target / "bootstrap").write_text(BOOTSTRAP)
    (target / "bootstrap").chmod(0o755)
    (context / "Dockerfile").write_text(DOCKERFILE.format(base=base))
    return context


def _tool(client: Any, sam: Path, runtime: str, work: Path) -> Tool:
    folder = work / "sam-python"
    folder.mkdir()
    template = work / "template.yaml"
    template.write_text(TEMPLATE.format(code=folder, runtime=runtime, architecture=_architecture()))
    port = free_port()
    command = [str(sam), "local", "start-lambda", "--warm-containers", "LAZY"]
    command += ["--skip-pull-image", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--template", str(template)]

    def sweep() -> None:
        """Ctrl+C after a reload leaves a container now and then."""
        for container in client.containers.list(all=True):
            binds = [mount.get("Source", "") for mount in container.attrs["Mounts"]]
            if str(folder) in binds:
                container.remove(force=True)

    return Tool(
        name="SAM start-lambda",
        language="python",
        command=command,
        environment=clean_environment(work),
        folder=folder,
        port=port,
        path="/2015-03-31/functions/Hello/invocations",
        isolation="a container, --warm-containers LAZY, our stand-in image",
        edit_command=command,
        sees_edits="stale answers come first",
        sweep=sweep,
    )
