"""Runtime names and the interpreters that serve them."""

import pytest

from runner.errors import RuntimeNotSupported
from runner.runtimes import Interpreter
from runner.runtimes.table import NOT_SERVED, RUNTIMES, describe, lookup, resolve


def python(version: str) -> Interpreter:
    return Interpreter("python", version, f"/python{version}", f"/{version}")


def node(version: str) -> Interpreter:
    return Interpreter("node", version, f"/node{version}")


INSTALLED = (python("3.9.18"), python("3.11.2"), python("3.13.0"), node("20.20.2"))


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("python3.11", "3.11.2"),  # its own
        ("python3.12", "3.13.0"),  # the nearest newer
        ("python3.10", "3.11.2"),
        ("python3.6", "3.9.18"),
        ("python3.14", "3.13.0"),  # nothing newer: the nearest older
        ("nodejs12.x", "20.20.2"),
        ("nodejs24.x", "20.20.2"),
    ],
)
def test_a_name_is_served_by_the_nearest_interpreter(name, version):
    found = resolve(name, INSTALLED)
    assert found is not None
    assert found.version == version


def test_the_later_patch_of_two_serves():
    found = resolve("python3.11", (python("3.11.2"), python("3.11.10")))
    assert found is not None
    assert found.version == "3.11.10"


def test_a_language_that_is_not_installed_gives_none():
    assert resolve("nodejs22.x", (python("3.11.2"),)) is None


@pytest.mark.parametrize("name", sorted(NOT_SERVED))
def test_names_that_do_not_run_yet_are_refused_with_what_does(name):
    with pytest.raises(RuntimeNotSupported) as refusal:
        lookup(name)
    assert name in refusal.value.message
    assert "python3.14" in refusal.value.message


def test_a_name_that_is_none_is_refused():
    with pytest.raises(RuntimeNotSupported, match="no runtime 'cobol'"):
        resolve("cobol", INSTALLED)


def test_no_name_is_both_served_and_not():
    assert not RUNTIMES.keys() & NOT_SERVED.keys()


def test_a_form_is_told_what_really_runs_and_where():
    infos = {
        info.name: info for info in describe({"bubblewrap": INSTALLED, "docker": (node("22.1.0"),)})
    }
    assert infos["python3.12"].interpreter == "Python 3.13.0"
    assert infos["python3.12"].backends == ("bubblewrap",)
    assert infos["nodejs22.x"].interpreter == "Node.js 20.20.2"
    assert infos["nodejs22.x"].backends == ("bubblewrap", "docker")
    assert infos["python3.6"].deprecated
    assert not infos["python3.13"].deprecated


def test_without_interpreters_every_name_is_listed_and_nothing_runs_it():
    infos = describe({"bubblewrap": ()})
    assert {info.name for info in infos} == set(RUNTIMES)
    assert {info.interpreter for info in infos} == {""}
