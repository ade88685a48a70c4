"""The table of moves."""

import pytest

from runner import states
from runner.models import MOVES
from runner.spec import FINAL_STATES, State


def test_every_state_has_its_row() -> None:
    assert set(MOVES) == set(State)


def test_what_a_person_stopped_or_the_function_answered_stays_so() -> None:
    assert MOVES[State.STOPPED] == MOVES[State.SUCCEEDED] == frozenset()


def test_only_a_running_one_may_succeed() -> None:
    assert [s for s in State if State.SUCCEEDED in MOVES[s]] == [State.RUNNING]


def test_a_final_state_never_runs_on() -> None:
    assert not any(State.RUNNING in MOVES[state] for state in FINAL_STATES)


def test_a_move_that_is_not_in_the_table_is_a_bug() -> None:
    with pytest.raises(ValueError, match="succeeded to running"):
        states.move(request_id="x", before=State.SUCCEEDED, after=State.RUNNING)
