"""An index's credentials stay out of reach of the code that packages bring along."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.building import configuration, recipes, wheels
from runner.building.recipes import BuildFailed
from runner.runtimes import Interpreter
from tests import needs

PYTHON = Interpreter("python", "3.11.2", "/usr/bin/python3")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    configuration.of_pip.cache_clear()
    yield
    configuration.of_pip.cache_clear()


def request(tmp_path: Path, requirements: str) -> recipes.Request:
    return recipes.Request(
        interpreter=PYTHON,
        version="3.11.2",
        manifests={"requirements.txt": requirements},
        hosts=(),
        run_dir=tmp_path,
    )


def command(tmp_path: Path) -> str:
    job = recipes.RECIPES["python"](request(tmp_path, "six\n"), tmp_path, 1.0)
    return " ".join(job.commands[0].arguments)


def test_with_credentials_only_wheels_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://localhost/simple")
    assert "--only-binary" not in command(tmp_path)
    configuration.of_pip.cache_clear()
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:token@localhost/simple")
    assert "--only-binary :all:" in command(tmp_path)


def test_an_extra_index_and_a_client_certificate_are_credentials_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://localhost/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://a/simple https://token@b/simple")
    assert configuration.of_pip().secret
    configuration.of_pip.cache_clear()
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL")
    assert not configuration.of_pip().secret
    configuration.of_pip.cache_clear()
    monkeypatch.setenv("PIP_CLIENT_CERT", "/etc/client.pem")
    assert configuration.of_pip().secret


@pytest.mark.parametrize(
    "line",
    [
        "--no-binary :all:",
        "six --no-bin six",
        "six \\\n --no-binary=six",
        "six @ https://localhost/six-1.0.tar.gz",
        "git+https://localhost/six",
        "file:six.tar.gz",
        "./six",
        "-e six",
        "six==${PIP_INDEX_URL}",
    ],
)
def test_a_line_that_would_run_code_or_read_variables_is_refused(line: str) -> None:
    assert "credentials" in wheels.problem(f"attrs==1\n{line}\n")


def test_names_versions_markers_and_hashes_are_fine() -> None:
    text = (
        "# from https://localhost\nsix==1.17.0  # why: for @all\n"
        'requests[socks]>=2,<3; python_version < "3.13"\n'
        "attrs==25.1.0 \\\n    --hash=sha256:00ff\n"
    )
    assert wheels.problem(text) == ""


def test_the_log_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs.require("bubblewrap")
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:token@localhost/simple")
    said: list[bytes] = []
    asked = request(tmp_path, "six\n--no-binary six\n")
    with pytest.raises(BuildFailed, match="--no-binary six"):
        recipes.build(asked, into=tmp_path / "into", output=said.append)
    assert b"Only wheels" in said[0]
    assert b"token" not in said[0]
