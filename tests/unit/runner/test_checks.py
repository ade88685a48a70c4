"""System checks of the runner."""

from django.test import override_settings

from runner.checks import check_settings, isolation
from tests.fakes.children import ChildBackend


def test_nothing_to_isolate_with_is_an_error_with_the_command_that_installs_it() -> None:
    found = isolation([ChildBackend("docker", problem="no engine answers")])
    assert [message.id for message in found] == ["runner.E001"]
    assert "no engine answers" in found[0].msg
    assert "apt-get install bubblewrap" in str(found[0].hint)


def test_one_usable_backend_is_enough() -> None:
    assert isolation([ChildBackend("a", problem="no"), ChildBackend("b")]) == []


def test_a_misspelt_backend_and_a_zero_limit_are_told() -> None:
    with override_settings(BACKENDS=["doker"], NODE_CONCURRENCY=0, PREPARED_PER_RUNTIME=0):
        found = {message.id for message in check_settings(None)}
    assert found == {"runner.E002", "runner.E003", "runner.W002"}


def test_the_defaults_are_well() -> None:
    assert check_settings(None) == []
