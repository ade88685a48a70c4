"""Equal requests share a build: what counts in a manifest, and what does not."""

import json

import pytest

from runner.building.manifests import key_of, normalise
from runner.errors import CodeInvalid
from runner.runtimes import Interpreter

PYTHON = Interpreter("python", "3.11.2", "/usr/bin/python3")


def test_comments_and_blank_lines_change_nothing() -> None:
    one = normalise("python", {"requirements.txt": "# wanted\n\nsix==1.17.0  \r\n"})
    other = normalise("python", {"requirements.txt": "six==1.17.0"})
    assert one == other == {"requirements.txt": "six==1.17.0\n"}


@pytest.mark.parametrize("text", ["", "\n", "# only words\n"])
def test_requirements_that_ask_for_nothing_are_nothing(text: str) -> None:
    assert normalise("python", {"requirements.txt": text}) == {}


def test_the_other_languages_manifest_is_left_out() -> None:
    both = {"requirements.txt": "six", "package.json": '{"dependencies": {"ms": "1"}}'}
    assert list(normalise("python", both)) == ["requirements.txt"]
    assert list(normalise("node", both)) == ["package.json"]


def test_scripts_and_names_of_the_function_itself_change_nothing() -> None:
    plain = {"dependencies": {"ms": "2.1.3"}}
    dressed = {"name": "f", "version": "2.0.0", "scripts": {"postinstall": "rm -rf /"}, **plain}
    one = normalise("node", {"package.json": json.dumps(dressed)})
    assert one == normalise("node", {"package.json": json.dumps(plain)})
    assert "postinstall" not in one["package.json"]


def test_development_dependencies_alone_are_nothing() -> None:
    assert normalise("node", {"package.json": '{"devDependencies": {"jest": "1"}}'}) == {}


def test_a_lock_counts() -> None:
    package = '{"dependencies": {"ms": "^2.0.0"}}'
    lock = '{"lockfileVersion": 3, "packages": {"": {"name": "f"}, "node_modules/ms": {}}}'
    with_lock = normalise("node", {"package.json": package, "package-lock.json": lock})
    root = json.loads(with_lock["package-lock.json"])["packages"][""]
    assert root == {"dependencies": {"ms": "^2.0.0"}}
    assert key_of(PYTHON, with_lock) != key_of(PYTHON, normalise("node", {"package.json": package}))


@pytest.mark.parametrize("text", ["{", "[]", "null", '"x"'])
def test_a_package_json_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(CodeInvalid, match=r"package\.json"):
        normalise("node", {"package.json": text})


def test_a_giant_manifest_is_refused() -> None:
    with pytest.raises(CodeInvalid, match="5 MB"):
        normalise("python", {"requirements.txt": "six\n" * 2_000_000})


def test_the_key_hangs_on_interpreter_and_content() -> None:
    wanted = {"requirements.txt": "six\n"}
    keys = {
        key_of(PYTHON, wanted),
        key_of(Interpreter("python", "3.12.1", ""), wanted),
        key_of(PYTHON, {"requirements.txt": "ms\n"}),
    }
    assert len(keys) == 3
    assert key_of(Interpreter("python", "3.11.2", "elsewhere"), wanted) in keys
