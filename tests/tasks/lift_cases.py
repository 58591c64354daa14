"""For each term of Lift, a state in which it fires in one environment and in no other; see ``term_cases.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from worlds import BALL, CUBE, LEFT, move_object, set_joints, write_joints

from humanoid_vla.assets.gripper import STROKE
from humanoid_vla.assets.loose_objects import LOOSE_OBJECT_CFGS
from humanoid_vla.tasks.mdp.grip import grip_centres

FIRING = 1
"""The environment, of four, in which a case makes its term fire in the step that follows."""
ARMS_IN_TORSO = {"left_shoulder_roll_joint": -0.5, "right_shoulder_roll_joint": 0.5}
HAND_IN_TABLE = {"left_shoulder_pitch_joint": -0.3, "left_elbow_joint": 0.6}
ALL = range(4)


def rest(env: Any) -> None:
    """Default posture, nothing moves, the objects at the far edge of the table; told to lift the ball."""
    env.reset()
    set_joints(env)
    for number in range(len(LOOSE_OBJECT_CFGS)):
        move_object(env, number, resting_place(env, number))
    velocities = torch.zeros(env.num_envs, len(LOOSE_OBJECT_CFGS), 6)
    env.scene["objects"].write_body_com_velocity_to_sim_index(body_velocities=velocities)
    tell(env, BALL)


def resting_place(env: Any, number: int) -> torch.Tensor:
    """Where :func:`rest` puts an object [m], shape (3,)."""
    height = env.command_manager.get_term("goal").cfg.rest_heights[number]
    return torch.tensor([0.6, 0.3 - 0.2 * number, height])


def tell(env: Any, goal: int) -> None:
    env.command_manager.get_term("goal").set_goal(slice(None), torch.full((env.num_envs,), goal))


def raise_objects(env: Any, number: int, envs: list[int], height: float = 0.12) -> None:
    """Hold an object up in the air in some environments, and let go of it [m]."""
    positions = resting_place(env, number).repeat(env.num_envs, 1)
    positions[envs, 2] += height
    move_object(env, number, positions)


def into_gripper(env: Any, envs: list[int], opening: float) -> None:
    """Put the ball between the left gripper's fingers, which are this far open [m], in some environments."""
    robot = env.scene["robot"]
    pos = robot.data.default_joint_pos.torch.clone()
    pos[:, env.command_manager.get_term("goal").fingers.joint_ids] = opening
    write_joints(env, torch.arange(env.num_envs), pos, torch.zeros_like(pos))
    positions = resting_place(env, BALL).repeat(env.num_envs, 1)
    positions[envs] = grip_centres(env, env.command_manager.get_term("goal").hands)[envs, LEFT]
    move_object(env, BALL, positions)


def others() -> list[int]:
    return [number for number in ALL if number != FIRING]


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


def last_step(env: Any) -> None:
    env.episode_length_buf[FIRING] = env.max_episode_length - 1


def goal_held(env: Any) -> None:
    raise_objects(env, BALL, [FIRING])
    hold_time = env.termination_manager.get_term_cfg("success").params["hold_time"]
    env.command_manager.get_term("goal").held_time[:] = hold_time


def thrown(env: Any) -> None:
    velocities = torch.zeros(env.num_envs, len(LOOSE_OBJECT_CFGS), 6)
    velocities[FIRING, CUBE, 0] = 2.0
    env.scene["objects"].write_body_com_velocity_to_sim_index(body_velocities=velocities)


def beside_table(env: Any) -> None:
    raise_objects(env, CUBE, [])
    positions = resting_place(env, CUBE).repeat(env.num_envs, 1)
    positions[FIRING] = torch.tensor([1.0, 0.3, 0.6])
    move_object(env, CUBE, positions)


def hasty_action(env: Any) -> torch.Tensor:
    actions = torch.zeros(env.num_envs, env.action_manager.total_action_dim)
    actions[FIRING] = 0.5
    return actions


CASES: dict[str, Callable[[Any], torch.Tensor | None]] = {
    "time_out": last_step,
    "success": goal_held,
    "wrong_object": lambda env: raise_objects(env, CUBE, [FIRING]),
    "fallen": beside_table,
    "dropped": thrown,
    "joint_pos_limit": lambda env: joint_state(env, "waist_pitch_joint", beyond=0.5),
    "joint_vel_limit": lambda env: joint_state(env, "right_wrist_pitch_joint", vel=1e3),
    "joint_effort_limit": lambda env: joint_state(env, "left_elbow_joint", vel=20.0),
    "self_collision": lambda env: set_joints(env, [FIRING], **ARMS_IN_TORSO),
    "hard_impact": lambda env: set_joints(env, [FIRING], **HAND_IN_TABLE),
    "non_finite": lambda env: joint_state(env, "left_elbow_joint", vel=float("nan")),
    "reach": lambda env: into_gripper(env, others(), STROKE),
    "grasp": lambda env: into_gripper(env, [FIRING], 0.0295),
    "gap": lambda env: raise_objects(env, BALL, others()),
    "failure": lambda env: raise_objects(env, CUBE, [FIRING]),
    "idle_arm": lambda env: set_joints(env, [FIRING], right_shoulder_roll_joint=-0.8),
    "action_rate": hasty_action,
}

GOALS: list[Callable[[Any], None]] = [
    lambda env, number=number: tell(env, number) for number in range(len(LOOSE_OBJECT_CFGS) + 1)
]
