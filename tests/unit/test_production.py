"""The production files say what the code understands."""

import json
import re
from pathlib import Path

import yaml

from console.home import supervisor
from tests.needs import ROOT


def compose() -> dict[str, dict[str, dict[str, object]]]:
    document = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert isinstance(document, dict)
    return document


def test_compose_describes_every_process_and_its_stores() -> None:
    assert set(compose()["services"]) == {
        *("prepare", "console", "endpoint", "runner", "worker", "beat"),
        *("postgres", "redis"),
    }


def test_every_variable_that_compose_sets_is_one_that_the_settings_read() -> None:
    read = set(
        re.findall(r'_(?:text|number|list)\("(\w+)"', (ROOT / "console/settings.py").read_text())
    )
    read |= {"VIRGA_SECRET_KEY", "VIRGA_ENCRYPTION_KEY"}
    for service in compose()["services"].values():
        environment = service.get("environment", {})
        assert isinstance(environment, dict)
        assert {name for name in environment if not name.startswith("POSTGRES_")} <= read


def test_every_way_to_start_the_console_lets_a_response_of_6_mb_through_its_socket() -> None:
    largest = str(supervisor.LARGEST_MESSAGE)
    started = [compose()["services"]["console"]["command"], supervisor.daphne()]
    started.append(json.loads((ROOT / "Dockerfile").read_text().rpartition("CMD ")[2]))
    for command in started:
        assert isinstance(command, list)
        for option in ("--websocket-max-message-size", "--websocket-max-frame-size"):
            assert command[command.index(option) + 1] == largest


def test_no_way_to_start_the_console_writes_addresses_to_a_log() -> None:
    started = [compose()["services"]["console"]["command"], supervisor.daphne()]
    started.append(json.loads((ROOT / "Dockerfile").read_text().rpartition("CMD ")[2]))
    for command in started:
        assert isinstance(command, list)
        assert command[command.index("-v") + 1] == "0"
        assert "--access-log" not in command
    assert "--link" not in str(compose()["services"]["prepare"]["command"])


def test_a_log_that_grew_is_put_aside_while_its_process_goes_on(tmp_path: Path) -> None:
    child = supervisor.Child("talker", [], log=tmp_path / "talker.log")
    with child.log.open("ab", buffering=0) as output:
        output.write(b"x" * (supervisor.LARGEST_LOG + 1))
        child.rotate()
        output.write(b"after\n")
    assert child.log.read_text() == "after\n"
    assert (tmp_path / "talker.log.1").stat().st_size == supervisor.LARGEST_LOG + 1


def test_every_path_that_the_documents_name_exists() -> None:
    """Of files and folders of the repository; a module may stand without its ending."""
    tops = "console|runner|editor|tests|templates|static|docs"
    for name in ("README.md", "ARCHITECTURE.md", "SECURITY.md"):
        text = (ROOT / name).read_text()
        for path in re.findall(rf"(?<![\w/.<-])((?:{tops})/[\w./-]*)", text):
            assert (ROOT / path).exists() or (ROOT / f"{path}.py").exists(), f"{name}: {path}"


def test_no_secret_has_a_default_in_compose() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for name in ("VIRGA_SECRET_KEY", "VIRGA_ENCRYPTION_KEY", "POSTGRES_PASSWORD"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text


def test_the_image_installs_the_pinned_requirements_on_a_base_that_can_be_set() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "ARG BASE_IMAGE" in text
    assert "FROM ${BASE_IMAGE}" in text
    assert "-r requirements.txt" in text


def test_every_requirement_is_pinned_exactly() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-r ")):
                assert re.fullmatch(r"[\w.\-\[\]]+==[\w.]+", line), f"{name}: {line}"


def test_every_setting_in_the_readme_exists() -> None:
    settings = (ROOT / "console/settings.py").read_text()
    table = (ROOT / "README.md").read_text().split("## Settings")[1].split("##")[0]
    for row in re.findall(r"^\| (`.+?) \|", table, re.M):
        for name in re.findall(r"`(\w+)`", row):
            short = name.removeprefix("VIRGA_").removesuffix("_KEY").lower()
            assert f'"{name}"' in settings or f'_key("{short}")' in settings, name
