"""Reward terms of the Reach task, by hand."""

import math
from typing import Any

import pytest
import torch
from worlds import BALL, CUBE, LEFT, RIGHT, before_hand, beside_hand, ended, move_object, set_goal, set_joints, step
from worlds import term_value as value

GAPS = [0.05, 0.0, -0.01, 0.2]
"""Between the goal hand and the goal object [m], an environment each: two apart, two touching."""


@pytest.mark.parametrize("hand", [LEFT, RIGHT])
def test_gap_and_proximity_of_the_goal(env: Any, hand: int) -> None:
    set_goal(env, BALL, hand)
    move_object(env, BALL, beside_hand(env, hand, torch.tensor(GAPS)))
    rewards = env.reward_manager
    expected = torch.tensor([0.05, 0.0, 0.0, 0.2])
    torch.testing.assert_close(value(rewards, "gap"), expected, atol=1e-5, rtol=0)
    near = torch.tensor([1 - math.tanh(0.05 / 0.1), 1.0, 1.0, 1 - math.tanh(0.2 / 0.1)])
    torch.testing.assert_close(value(rewards, "touch", std=0.1), near, atol=1e-4, rtol=0)


def test_the_gap_before_the_fingertips(env: Any) -> None:
    move_object(env, BALL, before_hand(env, LEFT, 0.07))
    torch.testing.assert_close(value(env.reward_manager, "gap"), torch.full((4,), 0.07), atol=1e-5, rtol=0)


def test_the_gap_is_that_of_the_goal_alone(env: Any) -> None:
    move_object(env, CUBE, beside_hand(env, LEFT, 0.02))
    move_object(env, BALL, beside_hand(env, RIGHT, 0.03))
    far = value(env.reward_manager, "gap")  # left hand, ball
    assert torch.all(far > 0.1)
    set_goal(env, CUBE, LEFT)
    torch.testing.assert_close(value(env.reward_manager, "gap"), torch.full((4,), 0.02), atol=1e-5, rtol=0)
    set_goal(env, BALL, RIGHT)
    torch.testing.assert_close(value(env.reward_manager, "gap"), torch.full((4,), 0.03), atol=1e-5, rtol=0)


def test_only_the_arm_that_was_not_told_to_move_counts_as_idle(env: Any) -> None:
    default = dict(
        zip(env.scene["robot"].joint_names, env.scene["robot"].data.default_joint_pos.torch[0].tolist(), strict=True)
    )
    moves = {
        "left_elbow_joint": 0.1,
        "right_elbow_joint": 0.2,
        "right_wrist_roll_joint": -0.3,
        "waist_yaw_joint": 0.4,  # belongs to neither arm
    }
    set_joints(env, **{name: default[name] + move for name, move in moves.items()})
    torch.testing.assert_close(value(env.reward_manager, "idle_arm"), torch.full((4,), 0.04 + 0.09), atol=1e-5, rtol=0)
    set_goal(env, BALL, RIGHT)
    torch.testing.assert_close(value(env.reward_manager, "idle_arm"), torch.full((4,), 0.01), atol=1e-5, rtol=0)


def test_a_step_pays_weights_times_terms_times_its_duration(env: Any) -> None:
    move_object(env, BALL, beside_hand(env, LEFT, 0.1))
    actions = torch.linspace(-0.3, 0.4, 4).unsqueeze(1).expand(4, env.action_manager.total_action_dim)
    _, rewards, *_ = step(env, actions)
    assert ended(env) == {}
    names = env.reward_manager.active_terms
    terms = {name: value(env.reward_manager, name) for name in names}  # nothing was reset: the state is still the same
    torch.testing.assert_close(terms["action_rate"], actions.square().sum(1))  # the action before was zero
    weights = {name: env.reward_manager.get_term_cfg(name).weight for name in names}
    assert all(weights.values())
    expected = sum(weights[name] * terms[name] for name in names) * env.step_dt
    torch.testing.assert_close(rewards, expected)
    assert weights["gap"] < 0 < weights["touch"]
    assert weights["failure"] < 0 < weights["success"]


def test_the_end_of_an_episode_is_paid_once_by_how_it_ended(env: Any) -> None:
    robot = env.scene["robot"]
    fast = torch.zeros(1, robot.num_joints)
    fast[0, 0] = 1e3  # far beyond any joint's limit
    robot.write_joint_velocity_to_sim_index(velocity=fast, env_ids=torch.tensor([1], dtype=torch.int32))
    step(env)
    assert 1 in ended(env)["joint_vel_limit"]
    assert value(env.reward_manager, "failure").tolist() == [0.0, 1.0, 0.0, 0.0]
    assert value(env.reward_manager, "success").tolist() == [0.0, 0.0, 0.0, 0.0]
    step(env)
    assert value(env.reward_manager, "failure").tolist() == [0.0, 0.0, 0.0, 0.0]


def test_time_outs_are_neither_success_nor_failure(env: Any) -> None:
    env.episode_length_buf[:] = env.max_episode_length - 1
    step(env)
    assert ended(env) == {"time_out": [0, 1, 2, 3]}
    assert (
        value(env.reward_manager, "failure").any() == value(env.reward_manager, "success").any() == torch.tensor(False)
    )


def test_every_termination_but_the_time_out_is_paid(env: Any) -> None:
    paid = [
        name for term in ("success", "failure") for name in env.reward_manager.get_term_cfg(term).params["term_names"]
    ]
    assert sorted([*paid, "time_out"]) == sorted(env.termination_manager.active_terms)
