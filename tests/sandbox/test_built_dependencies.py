"""What a build installed is what a function in a sandbox imports."""

from pathlib import Path

import pytest

from runner.building import leftovers, recipes
from runner.runtimes import Interpreter
from runner.runtimes.discover import discover
from runner.runtimes.table import version_of
from tests import needs
from tests.sandboxes import Rig

pytestmark = pytest.mark.timeout(300)

PYTHON = (
    "import slugify\n"
    "def handler(event, context): return [slugify.slugify(event), slugify.__file__]\n"
)
NODE_MODULE = "import ms from 'ms';\nexport const handler = async (event) => ms(event);\n"


def build(rig: Rig, language: str, manifests: dict[str, str], folder: Path) -> Path:
    needs.require("bubblewrap")
    serving = next(i for i in rig.backend.interpreters() if i.language == language)
    with leftovers.own_folder(folder / "builds") as own:
        request = recipes.Request(
            interpreter=_installer(serving),
            version=serving.version,
            manifests=manifests,
            hosts=(),
            run_dir=own,
        )
        into = rig.folder / f"code-built-{language}"
        recipes.build(request, into=into, output=lambda piece: None)
    into.chmod(0o755)
    return into


def _installer(serving: Interpreter) -> Interpreter:
    near = [i for i in discover() if i.language == serving.language]
    same = [i for i in near if version_of(i)[:2] == version_of(serving)[:2]]
    return (same or near)[0]


def test_a_python_function_imports_its_package(isolating_rig: Rig, tmp_path: Path) -> None:
    wanted = {"requirements.txt": "python-slugify==8.0.4\n"}
    dependencies = build(isolating_rig, "python", wanted, tmp_path)
    answer = isolating_rig.start(PYTHON, dependencies=dependencies).result("Größe & Maß")
    assert answer == ["grosse-mass", "/var/dependencies/python/slugify/__init__.py"]


@pytest.mark.parametrize("kind", ["commonjs", "module"])
def test_a_node_function_imports_its_package(isolating_rig: Rig, tmp_path: Path, kind: str) -> None:
    wanted = {"package.json": '{"dependencies": {"ms": "2.1.3"}}'}
    dependencies = build(isolating_rig, "node", wanted, tmp_path)
    source = "const ms = require('ms');\nexports.handler = async (event) => ms(event);\n"
    if kind == "module":
        source = (
            "exports.handler = async (event) => (await import('file:///var/task/m.mjs'))"
            ".handler(event);\n"
        )
    function = isolating_rig.start(source, language="node", dependencies=dependencies)
    (function.assignment.code / "m.mjs").write_text(NODE_MODULE)
    assert function.result("2 days") == 172_800_000
