"""Runtime directories: made once, whole, and also without a network."""

import os
import stat
import subprocess
import sys
import threading

import pytest

from runner.runtimes import Interpreter, clients, install
from runner.runtimes.discover import discover

HERE = Interpreter("python", ".".join(map(str, sys.version_info[:3])), sys.executable)


def python() -> Interpreter:
    return next(i for i in discover() if i.language == "python")


def test_discovery_finds_working_interpreters_and_says_their_versions():
    found = discover()
    assert found
    for interpreter in found:
        said = subprocess.run(
            [interpreter.path, "--version"], capture_output=True, text=True, check=True
        )
        assert interpreter.version in said.stdout
        assert not interpreter.home or interpreter.path.startswith(interpreter.home)
    assert len({(i.language, i.version.rpartition(".")[0]) for i in found}) == len(found)


def test_discovery_of_a_later_process_gives_the_same(tmp_path, settings):
    settings.VIRGA_HOME = tmp_path
    code = (
        "import os, sys; os.environ['VIRGA_HOME'] = sys.argv[1];"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'console.settings';"
        "from runner.runtimes.discover import discover; print(discover())"
    )
    asked = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert asked[0] == asked[1] == f"{discover()}\n"


def test_a_directory_is_made_once_and_readable_by_whoever_runs_inside(tmp_path):
    lines: list[str] = []
    install.install(tmp_path, lines.append, [python()])
    place = install.runtime_dir(python(), tmp_path)
    assert len(lines) == 1
    assert "runtime directory ready" in lines[0]
    before = place.stat().st_mtime_ns
    install.install(tmp_path, lines.append, [python()])
    assert len(lines) == 1
    assert place.stat().st_mtime_ns == before
    assert (place / "bootstrap.py").is_file()
    for folder, _, names in os.walk(place):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o755
        for name in names:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o644
    assert [path.name for path in place.parent.iterdir() if path.name.startswith(".")] == []


def test_makers_at_the_same_time_end_with_one_directory(tmp_path):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(install.runtime_dir(python(), tmp_path)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(set(found)) == 1
    assert len(found) == 4


def test_without_the_official_client_our_own_serves_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens there
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    lines: list[str] = []
    install.install(tmp_path, lines.append, [python()])
    place = install.runtime_dir(python(), tmp_path)
    assert place.name.endswith("-own")
    assert (place / "virga_client.py").is_file()
    assert not (place / "awslambdaric").exists()
    assert "Our own runtime client serves." in lines[0]


def test_python_3_9_has_no_official_client():
    assert not clients.available(Interpreter("python", "3.9.18", "/x"))
    assert clients.available(Interpreter("python", "3.10.1", "/x"))


@pytest.mark.parametrize(
    ("variables", "flags"), [({}, ["-I", "-S"]), ({"PYTHONOPTIMIZE": "1"}, ["-s", "-S"])]
)
def test_python_runs_isolated_unless_its_variables_are_set(variables, flags):
    command = install.command(HERE, variables)
    assert command == [sys.executable, *flags, "/var/runtime/bootstrap.py"]
