"""States of the Walk tasks for ``term_cases.py``: one for each term, in which it fires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from worlds import set_joints

from humanoid_vla.language.walk import WALK_VELOCITIES

FIRING = 1
"""The environment, of four, in which a case makes its term fire in the step that follows."""
ALL = (0, 1, 2, 3)
OTHERS = (0, 2, 3)
STANDING_HEIGHT = 0.757
"""Height of the root at which both soles press on the ground in the default posture [m]."""
UPRIGHT = (0.0, 0.0, 0.0, 1.0)
BENT_FORWARD = (0.0, 0.5, 0.0, 0.866)
"""60 degrees about y."""
FACE_DOWN = (0.0, 0.7071, 0.0, 0.7071)


def put_root(
    env: Any,
    env_ids: Sequence[int],
    height: float = STANDING_HEIGHT,
    quat: tuple[float, ...] = UPRIGHT,
    lin_vel: tuple[float, ...] = (0.0, 0.0, 0.0),
    ang_vel: tuple[float, ...] = (0.0, 0.0, 0.0),
) -> None:
    """Put the root at a height [m] above the origin, turned (xyzw), at world velocities [m/s, rad/s]."""
    robot, ids = env.scene["robot"], torch.tensor(env_ids)
    pose = torch.cat(
        (torch.tensor([0.0, 0.0, height]) + env.scene.env_origins[ids], torch.tensor([quat] * len(ids))), 1
    )
    robot.write_root_pose_to_sim_index(root_pose=pose, env_ids=ids.int())
    vel = torch.tensor([[*lin_vel, *ang_vel]] * len(ids))
    robot.write_root_velocity_to_sim_index(root_velocity=vel, env_ids=ids.int())


def command(env: Any, env_ids: Sequence[int], *velocity: float) -> None:
    env.command_manager.get_command("goal")[list(env_ids)] = torch.tensor(velocity)


def stand(env: Any) -> None:
    """All on their feet in the default posture, at rest, told to stop."""
    env.reset()
    set_joints(env)
    put_root(env, ALL)
    command(env, ALL, 0.0, 0.0, 0.0)


def told_to_run(*velocity: float) -> Callable[[Any], None]:
    """All but the firing one stand still although told not to."""
    return lambda env: command(env, OTHERS, *velocity)


def joint_beyond_its_limit(env: Any) -> None:
    """In the air, and a heavy joint: the limits' stops throw a light one back within the step."""
    robot = env.scene["robot"]
    upper = robot.data.joint_pos_limits.torch[FIRING, robot.joint_names.index("left_knee_joint"), 1]
    set_joints(env, [FIRING], left_knee_joint=float(upper) + 0.5)
    put_root(env, [FIRING], 1.2)


def others_off_their_posture(env: Any) -> None:
    set_joints(env, OTHERS, left_shoulder_roll_joint=1.5, right_shoulder_roll_joint=-1.5)


def not_a_number(env: Any) -> None:
    robot = env.scene["robot"]
    velocities = torch.full((1, len(robot.joint_names)), float("nan"))
    robot.write_joint_velocity_to_sim_index(velocity=velocities, env_ids=torch.tensor([FIRING], dtype=torch.int32))


def hasty(size: float) -> Callable[[Any], torch.Tensor]:
    def act(env: Any) -> torch.Tensor:
        actions = torch.zeros(env.num_envs, env.action_manager.total_action_dim)
        actions[FIRING] = size
        return actions

    return act


def last_step(env: Any) -> None:
    env.episode_length_buf[FIRING] = env.max_episode_length - 1


CASES: dict[str, Callable[[Any], torch.Tensor | None]] = {
    "success": last_step,
    "too_low": lambda env: put_root(env, [FIRING], 0.2, FACE_DOWN),
    "tilted": lambda env: put_root(env, [FIRING], 1.2, FACE_DOWN),
    "non_finite": not_a_number,
    "track_lin_vel": told_to_run(3.0, 0.0, 0.0),
    "track_ang_vel": told_to_run(0.0, 0.0, 3.0),
    "gait": lambda env: put_root(env, OTHERS, 1.2),  # in the air
    "posture": others_off_their_posture,
    "fell": lambda env: put_root(env, [FIRING], 0.2, FACE_DOWN),
    "tilt": lambda env: put_root(env, [FIRING], quat=BENT_FORWARD),
    "rocking": lambda env: put_root(env, [FIRING], 1.2, ang_vel=(4.0, 0.0, 0.0)),
    "bobbing": lambda env: put_root(env, [FIRING], lin_vel=(0.0, 0.0, 2.0)),
    "feet_slide": lambda env: put_root(env, [FIRING], 0.75, lin_vel=(4.0, 0.0, 0.0)),  # pressed on the ground
    "feet_too_close": lambda env: set_joints(env, [FIRING], left_hip_roll_joint=-0.2, right_hip_roll_joint=0.2),
    "joint_limits": joint_beyond_its_limit,
    "power": hasty(1.0),
    "action_rate": hasty(0.5),
}


def tell(number: int) -> Callable[[Any], None]:
    return lambda env: env.command_manager.get_term("goal").tell_goal(slice(None), torch.full((4,), number))


GOALS = [tell(number) for number in range(len(WALK_VELOCITIES))]
