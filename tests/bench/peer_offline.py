"""serverless-offline from npm: Node.js in a worker thread, Python in a child process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.tool import Tool, clean_environment, run
from tests.installation import free_port

PACKAGES = ("serverless@3.40.0", "serverless-offline@13.10.1")
RUNTIMES = {"node": "nodejs20.x", "python": "python3.11"}
CONFIGURATION = """\
service: bench
frameworkVersion: "3"
provider:
  name: aws
  runtime: {runtime}
  stage: dev
plugins:
  - serverless-offline
functions:
  hello:
    handler: app.handler
"""


@contextmanager
def tools(installed: Path, work: Path) -> Iterator[list[Tool]]:
    """Both languages, on the Lambda endpoint."""
    place = installed / "-".join(PACKAGES).replace("@", "-")
    program = place / "node_modules" / "serverless" / "bin" / "serverless.js"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text('{"private": true}')
        run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES], cwd=place)
    yield [_tool(language, program, place / "node_modules", work) for language in RUNTIMES]


def _tool(language: str, program: Path, modules: Path, work: Path) -> Tool:
    folder = work / f"offline-{language}"
    folder.mkdir()
    (folder / "serverless.yml").write_text(CONFIGURATION.format(runtime=RUNTIMES[language]))
    (folder / "node_modules").symlink_to(modules)
    port = free_port()
    command = ["node", str(program), "offline", "start", "--host", "127.0.0.1"]
    command += ["--lambdaPort", str(port), "--httpPort", str(free_port())]
    command += ["--websocketPort", str(free_port()), "--albPort", str(free_port())]
    return Tool(
        name="serverless-offline",
        language=language,
        command=command,
        environment=clean_environment(work),
        folder=folder,
        port=port,
        path="/2015-03-31/functions/bench-dev-hello/invocations",
        isolation="no isolation",
        edit_command=[*command, "--reloadHandler"],
        sees_edits="with --reloadHandler; without it never",
    )
