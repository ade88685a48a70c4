"""What the structure promises, checked by a program."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from tests.needs import ROOT

PACKAGES = ("console", "editor", "runner")
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
FILES_OVER: frozenset[str] = frozenset()
FUNCTIONS_OVER: frozenset[str] = frozenset()
CATCH_ALL = frozenset(
    {
        *("runner/tasks.py", "runner/builds.py"),  # the rims of tasks
        "runner/runtime_api/server.py",
        "runner/pool.py",
    }
)
VAGUE = ("utils", "helpers", "common", "misc", "manager")


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = path.relative_to(ROOT).as_posix()
            if "/migrations/" not in relative and "/blueprints/" not in relative:
                yield path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_models_module_belongs_to_the_app_of_its_own_folder() -> None:
    homes = {Path(config.path): config.label for config in apps.get_app_configs()}
    found = [*ROOT.glob("*/models.py"), *ROOT.glob("*/*/models.py")]
    mine = [path for path in found if path.relative_to(ROOT).parts[0] in PACKAGES]
    assert mine
    for models in mine:
        assert homes.get(models.parent) == models.parent.name


def test_no_file_outgrows_a_sitting() -> None:
    over = {name_of(p) for p in sources() if len(p.read_text().splitlines()) > LONGEST_FILE}
    assert over == FILES_OVER


def test_no_function_outgrows_a_screen() -> None:
    over = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = (first.end_lineno or 0) if documented else node.lineno
                if (node.end_lineno or 0) - start > LONGEST_FUNCTION:
                    over.add(f"{name_of(path)}:{node.name}")
    assert over == FUNCTIONS_OVER


def test_every_package_says_what_it_owns() -> None:
    for path in sources():
        if path.name == "__init__.py" and "management" not in path.parts:
            if path.parent.name in ("templatetags",):
                continue
            assert ast.get_docstring(ast.parse(path.read_text())), f"{name_of(path)} says nothing"


@pytest.mark.parametrize("module", ["services.py", "queries.py"])
def test_every_public_service_says_what_goes_in_and_out(module: str) -> None:
    silent = []
    for path in sources():
        if path.name != module:
            continue
        for node in ast.parse(path.read_text()).body:
            public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if public and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{name_of(path)}:{node.name}")
    assert silent == []


def test_only_the_named_places_catch_everything() -> None:
    catching = set()
    for path in sources():
        if "/bootstraps/" in name_of(path):
            continue  # runs inside a sandbox, where a user's error may be anything
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                name = getattr(node.type, "id", "" if node.type else "bare")
                if name in ("Exception", "BaseException", "bare"):
                    catching.add(name_of(path))
    assert catching <= CATCH_ALL


def test_no_module_has_a_vague_name() -> None:
    assert [name_of(p) for p in sources() if p.stem in VAGUE] == []


def test_no_test_patches() -> None:
    patching = [
        name_of(path)
        for path in (ROOT / "tests").rglob("*.py")
        if "mock" + ".patch" in path.read_text() or "monkeypatch" + ".setattr" in path.read_text()
    ]
    assert patching == []


def test_no_text_names_a_machine_or_a_registry() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    words = ["/wo" + "rk/main", "/wo" + "rk/shared", "/ro" + "ot/.pyenv"]
    words += ["registry.npm" + "js.org", "files.python" + "hosted"]
    told = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".png", ".woff2", ".zip") or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        told += [f"{name}: {word}" for word in words if word in text]
    assert told == []


def test_imports_go_down() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
