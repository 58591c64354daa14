"""For each term of a task, a state in which it fires in one environment and in no other.

``test_registered_tasks.py`` asks for a case of every reward, termination and cost of every registered task, by the
term's name: who adds a term adds a case here, and who adds a family of tasks adds it to :data:`FAMILIES`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import balance_cases
import lift_cases
import navigate_cases
import torch
import walk_cases
from worlds import BALL, CUBE, LEFT, RIGHT, beside_hand, calm_down, move_object, set_goal, set_joints, write_joints

FIRING = 1
"""The environment, of four, in which a case makes its term fire in the step that follows."""
Case = Callable[[Any], torch.Tensor | None]
"""Builds the state, from the family's calm one; returns the step's actions, (4, num_actions), or None for zeros."""
Tell = Callable[[Any], None]
"""Gives all environments a goal."""

ARMS_IN_TORSO = {"left_shoulder_roll_joint": -0.5, "right_shoulder_roll_joint": 0.5}
# bent forward, the forearm goes through the table's top
HAND_IN_TABLE = {"waist_pitch_joint": 0.5, "left_shoulder_pitch_joint": -0.4, "left_elbow_joint": 0.6}


class Family(NamedTuple):
    """What the tests must know of the tasks in one folder."""

    calm: Tell
    """Brings all environments into a state in which nothing fires unless a case says so."""
    cases: dict[str, Case]
    """Term name -> state in which it fires. A reward and a termination of one name share it."""
    goals: list[Tell]
    """Different goals to tell, for tasks with a group ``language``."""


def joint_state(env: Any, joint: str, beyond: float = 0.0, vel: float = 0.0) -> None:
    """Put a joint of the firing environment ``beyond`` its upper limit [rad] (0: default), at a velocity [rad/s]."""
    robot = env.scene["robot"]
    joint_id = robot.joint_names.index(joint)
    env_ids = torch.tensor([FIRING])
    positions = robot.data.default_joint_pos.torch[env_ids].clone()
    velocities = torch.zeros_like(positions)
    velocities[0, joint_id] = vel
    if beyond:
        positions[0, joint_id] = robot.data.joint_pos_limits.torch[FIRING, joint_id, 1] + beyond
    write_joints(env, env_ids, positions, velocities)


def gaps(firing: float, others: float) -> torch.Tensor:
    """Gaps [m] of four environments."""
    values = torch.full((4,), others)
    values[FIRING] = firing
    return values


def last_step(env: Any) -> None:
    env.episode_length_buf[FIRING] = env.max_episode_length - 1


def goal_held(env: Any) -> None:
    move_object(env, BALL, beside_hand(env, LEFT, gaps(0.0, 0.5)))
    hold_time = env.termination_manager.get_term_cfg("success").params["hold_time"]
    env.command_manager.get_term("goal").held_time[:] = hold_time


def goal_not_reached(env: Any) -> None:
    move_object(env, BALL, beside_hand(env, LEFT, gaps(0.1, -0.01)))


def goal_touched(env: Any) -> None:
    move_object(env, BALL, beside_hand(env, LEFT, gaps(0.0, 0.5)))


def wrong_object_touched(env: Any) -> None:
    move_object(env, CUBE, beside_hand(env, LEFT, gaps(0.0, 0.5)))


def idle_arm_lifted(env: Any) -> None:
    set_joints(env, [FIRING], right_shoulder_roll_joint=-0.8)


def hasty_action(env: Any) -> torch.Tensor:
    actions = torch.zeros(env.num_envs, env.action_manager.total_action_dim)
    actions[FIRING] = 0.5
    return actions


REACH = Family(
    calm=calm_down,
    cases={
        "time_out": last_step,
        "success": goal_held,
        "wrong_touch": wrong_object_touched,
        "joint_pos_limit": lambda env: joint_state(env, "waist_pitch_joint", beyond=0.5),
        "joint_vel_limit": lambda env: joint_state(env, "right_wrist_pitch_joint", vel=1e3),
        "joint_effort_limit": lambda env: joint_state(env, "left_elbow_joint", vel=20.0),
        "self_collision": lambda env: set_joints(env, [FIRING], **ARMS_IN_TORSO),
        "hard_impact": lambda env: set_joints(env, [FIRING], **HAND_IN_TABLE),
        "non_finite": lambda env: joint_state(env, "left_elbow_joint", vel=float("nan")),
        "gap": goal_not_reached,
        "touch": goal_touched,
        "failure": wrong_object_touched,
        "idle_arm": idle_arm_lifted,
        "action_rate": hasty_action,
    },
    goals=[
        lambda env, number=number, hand=hand: set_goal(env, number, hand)
        for number, hand in itertools.product(range(BALL + 1), (LEFT, RIGHT))
    ],
)

WALK = Family(calm=walk_cases.stand, cases=walk_cases.CASES, goals=walk_cases.GOALS)

BALANCE = Family(calm=balance_cases.stand, cases=balance_cases.CASES, goals=[])

LIFT = Family(calm=lift_cases.rest, cases=lift_cases.CASES, goals=lift_cases.GOALS)

NAVIGATE = Family(calm=navigate_cases.stand, cases=navigate_cases.CASES, goals=navigate_cases.GOALS)

FAMILIES = {"balance": BALANCE, "lift": LIFT, "navigate": NAVIGATE, "reach": REACH, "walk": WALK}
"""Folder in ``humanoid_vla/tasks`` -> what its tasks need."""
