"""Termination terms of the Reach task: each fires in the state it is made for, by its name, and not before."""

from typing import Any

import pytest
import torch
from term_cases import ARMS_IN_TORSO, HAND_IN_TABLE
from worlds import (
    BALL,
    CUBE,
    LEFT,
    RIGHT,
    beside_hand,
    ended,
    move_object,
    set_goal,
    set_joints,
    step,
    term_value,
    write_joints,
)

ONLY_SECOND = [False, True, False, False]
# the hand lies on the table
HAND_ON_TABLE = {"left_shoulder_pitch_joint": 0.0, "left_elbow_joint": 0.4}


def value(env: Any, name: str, **changes: Any) -> list[bool]:
    return term_value(env.termination_manager, name, **changes).tolist()


def param(env: Any, term: str, name: str) -> Any:
    return env.termination_manager.get_term_cfg(term).params[name]


def second_joint_state(env: Any, joint: str, pos: float | None = None, vel: float = 0.0) -> None:
    """Put one joint of the second environment somewhere."""
    robot = env.scene["robot"]
    joint_id = robot.joint_names.index(joint)
    positions = robot.data.default_joint_pos.torch[1:2].clone()
    velocities = torch.zeros_like(positions)
    positions[0, joint_id] = positions[0, joint_id] if pos is None else pos
    velocities[0, joint_id] = vel
    write_joints(env, torch.tensor([1]), positions, velocities)


def forces(env: Any, name: str) -> torch.Tensor:
    """Largest force [N] that a body which a contact termination watches feels, shape (num_envs,)."""
    bodies = param(env, name, "sensor_cfg").body_ids
    return env.scene.sensors["contact"].data.net_normal_forces_w.torch[:, bodies].norm(dim=-1).flatten(1).amax(1)


def test_nothing_ends_a_quiet_episode(env: Any) -> None:
    for _ in range(10):
        step(env)
        assert ended(env) == {}


@pytest.mark.parametrize(("joint", "side"), [("left_elbow_joint", 1), ("right_shoulder_roll_joint", 0)])
def test_joint_beyond_its_hard_limit(env: Any, joint: str, side: int) -> None:
    robot = env.scene["robot"]
    tolerance = param(env, "joint_pos_limit", "tolerance")
    limit = robot.data.joint_pos_limits.torch[1, robot.joint_names.index(joint), side].item()
    outwards = 1 if side else -1
    second_joint_state(env, joint, limit + outwards * (tolerance - 0.01))
    assert value(env, "joint_pos_limit") == [False] * 4
    second_joint_state(env, joint, limit + outwards * (tolerance + 0.01))
    assert value(env, "joint_pos_limit") == ONLY_SECOND


@pytest.mark.parametrize("sign", [1, -1])
def test_joint_too_fast(env: Any, sign: int) -> None:
    robot = env.scene["robot"]
    joint = "right_wrist_pitch_joint"
    limit = robot.data.joint_vel_limits.torch[1, robot.joint_names.index(joint)].item()
    fastest = param(env, "joint_vel_limit", "fraction") * limit
    second_joint_state(env, joint, vel=sign * 0.99 * fastest)
    assert value(env, "joint_vel_limit") == [False] * 4
    second_joint_state(env, joint, vel=sign * 1.01 * fastest)
    assert value(env, "joint_vel_limit") == ONLY_SECOND


@pytest.mark.parametrize("sign", [1, -1])
def test_joint_asked_for_too_much_effort(env: Any, sign: int) -> None:
    robot = env.scene["robot"]
    joint_id = robot.joint_names.index("left_elbow_joint")
    most = param(env, "joint_effort_limit", "fraction") * robot.data.joint_effort_limits.torch[1, joint_id]
    for share, expected in ((0.98, [False] * 4), (1.02, ONLY_SECOND)):
        # the PD law at rest asks for stiffness * (target - position)
        targets = robot.data.joint_pos.torch.clone()
        targets[1, joint_id] += sign * share * most / robot.data.joint_stiffness.torch[1, joint_id]
        robot.actuators.target_command.set_position_index(value=targets)
        robot.write_data_to_sim()
        env.episode_length_buf[:] = 1  # in an episode's first observation it would be the effort of the one before
        assert value(env, "joint_effort_limit") == expected


def test_arms_pressed_into_the_torso(env: Any) -> None:
    set_joints(env, [1], **ARMS_IN_TORSO)
    step(env)
    assert ended(env)["self_collision"] == [1]


def test_a_light_touch_of_the_torso_is_no_collision(env: Any) -> None:
    limit = param(env, "self_collision", "threshold")
    set_joints(env, [1], left_shoulder_roll_joint=-0.3, right_shoulder_roll_joint=0.3)
    step(env)
    felt = forces(env, "self_collision")
    assert 0 < felt[1] < limit
    assert value(env, "self_collision") == [False] * 4
    assert value(env, "self_collision", threshold=0.9 * felt[1].item()) == ONLY_SECOND


def test_an_arm_rammed_into_the_table(env: Any) -> None:
    set_joints(env, [1], **HAND_IN_TABLE)
    step(env)
    assert ended(env)["hard_impact"] == [1]
    assert "self_collision" not in ended(env)  # it was the table


def test_a_hand_that_lies_on_the_table_is_no_impact(env: Any) -> None:
    set_joints(env, [1], **HAND_ON_TABLE)
    step(env)
    felt = forces(env, "hard_impact")
    assert 0 < felt[1] < param(env, "hard_impact", "threshold")
    assert felt[[0, 2, 3]].tolist() == [0, 0, 0]
    assert ended(env) == {}


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("state", ["position", "velocity"])
def test_a_state_that_is_not_finite(env: Any, broken: float, state: str) -> None:
    assert value(env, "non_finite") == [False] * 4
    second_joint_state(env, "left_elbow_joint", **{"position": {"pos": broken}, "velocity": {"vel": broken}}[state])
    assert value(env, "non_finite") == ONLY_SECOND


def test_every_joint_is_watched(env: Any) -> None:
    robot = env.scene["robot"]
    pos, vel = robot.data.default_joint_pos.torch[:1], torch.zeros(1, robot.num_joints)
    for joint_id in range(robot.num_joints):
        vel.zero_()
        vel[0, joint_id] = 1e3
        write_joints(env, torch.tensor([0]), pos, vel)
        assert value(env, "joint_vel_limit")[0], robot.joint_names[joint_id]


@pytest.mark.parametrize(
    ("number", "hand", "wrong"),
    [
        (BALL, LEFT, False),  # what it was told
        (BALL, RIGHT, True),  # the right object with the wrong hand
        (CUBE, LEFT, True),
        (CUBE, RIGHT, True),
    ],
)
def test_touching_what_it_was_not_told_to(env: Any, number: int, hand: int, wrong: bool) -> None:
    distance = param(env, "wrong_touch", "distance")
    move_object(env, number, beside_hand(env, hand, torch.tensor([-0.002, distance - 1e-3, distance + 1e-3, 0.1])))
    assert value(env, "wrong_touch") == [wrong, wrong, False, False]
    step(env)
    assert ("wrong_touch" in ended(env)) == wrong


def test_touching_a_wrong_object_while_touching_the_right_one(env: Any) -> None:
    move_object(env, BALL, beside_hand(env, LEFT, 0.0))
    move_object(env, CUBE, beside_hand(env, RIGHT, 0.0))
    assert value(env, "wrong_touch") == [True] * 4


def hold(env: Any, steps: int, gap: float = 0.005) -> list[dict[str, list[int]]]:
    """Keep the ball at the left hand; how the episodes ended, step by step."""
    ends = []
    for _ in range(steps):
        move_object(env, BALL, beside_hand(env, LEFT, gap))
        step(env)
        ends.append(ended(env))
    return ends


def test_success_needs_the_whole_hold_time(env: Any) -> None:
    needed = round(param(env, "success", "hold_time") / env.step_dt)
    assert needed > 2
    ends = hold(env, needed)
    assert ends[:-1] == [{}] * (needed - 1)
    assert ends[-1] == {"success": [0, 1, 2, 3]}
    assert env.command_manager.get_term("goal").held_time.tolist() == [0.0] * 4  # the next episode starts anew


def test_a_broken_touch_starts_the_hold_anew(env: Any) -> None:
    needed = round(param(env, "success", "hold_time") / env.step_dt)
    held_time = env.command_manager.get_term("goal").held_time
    hold(env, needed - 1)
    goal = env.command_manager.get_term("goal")
    torch.testing.assert_close(goal.held_time, torch.full_like(held_time, (needed - 1) * env.step_dt))
    assert hold(env, 1, gap=param(env, "success", "distance") + 0.01) == [{}]
    assert goal.held_time.tolist() == [0.0] * 4
    assert hold(env, needed - 1) == [{}] * (needed - 1)
    assert hold(env, 1) == [{"success": [0, 1, 2, 3]}]


def test_a_new_goal_starts_the_hold_anew(env: Any) -> None:
    hold(env, 2)
    goal = env.command_manager.get_term("goal")
    assert torch.all(goal.held_time > 0)
    set_goal(env, BALL, LEFT)
    assert goal.held_time.tolist() == [0.0] * 4


def test_an_episode_that_ends_in_its_last_step_did_not_time_out(env: Any) -> None:
    env.episode_length_buf[:2] = env.max_episode_length - 1
    second_joint_state(env, "left_elbow_joint", pos=float("nan"))
    _, _, terminated, truncated, _ = step(env)
    assert terminated.tolist() == ONLY_SECOND
    assert truncated.tolist() == [True, False, False, False]
    assert env.reset_time_outs.tolist() == truncated.tolist()
