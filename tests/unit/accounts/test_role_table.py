"""Roles and what each may do."""

from console.accounts.roles import LEAST, Action, Role


def test_every_action_has_a_least_role():
    assert set(LEAST) == set(Action)


def test_each_role_may_do_all_that_those_before_it_may():
    order = list(Role)
    assert order == ["viewer", "invoker", "developer", "deployer", "admin"]
    for index, role in enumerate(order):
        assert all(role.at_least(lower) for lower in order[: index + 1])
        assert not any(role.at_least(higher) for higher in order[index + 1 :])
