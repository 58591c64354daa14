"""Terms of Navigate: observations, rewards and terminations, (num_envs, dim) and (num_envs,), and a reset."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg
from isaaclab.utils.math import random_yaw_orientation

from humanoid_vla.tasks.mdp.safety import ROBOT

from .geometry import LANDMARKS, landmark_offsets, polar

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from .commands import NavigateInstructionCommand


def turning_speed(env: ManagerBasedRLEnv, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """How fast the robot turns left about the vertical [rad/s], shape (num_envs, 1)."""
    return env.scene[asset_cfg.name].data.root_com_ang_vel_w.torch[:, 2:]


def landmark_positions(env: ManagerBasedRLEnv) -> torch.Tensor:
    """Where each thing is: distance [m], cosine and sine of its bearing; shape (num_envs, 3 * num_landmarks)."""
    return _as_features(landmark_offsets(env)).flatten(1)


def goal_position(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """The same of the goal, shape (num_envs, 3)."""
    goal = _goal(env, command_name)
    envs = torch.arange(env.num_envs, device=env.device)
    return _as_features(landmark_offsets(env)[envs, goal.goal_index])


def _as_features(offsets: torch.Tensor) -> torch.Tensor:
    distance, bearing = polar(offsets)
    return torch.stack((distance, torch.cos(bearing), torch.sin(bearing)), dim=-1)


def approach_speed(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """How fast the goal has come nearer in the step [m/s]."""
    return _goal(env, command_name).approach / env.step_dt


def facing_speed(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """How fast the robot has turned towards the goal in the step [rad/s]."""
    return _goal(env, command_name).turn / env.step_dt


def stopped_at_goal(env: ManagerBasedRLEnv, distance: float, action_name: str, command_name: str) -> torch.Tensor:
    """Success: the robot was told to stand still in this step, and is within ``distance`` [m] of its goal."""
    goal = _goal(env, command_name)
    goal.measure()
    standing = ~env.action_manager.get_term(action_name).processed_actions.any(dim=-1)  # type: ignore  (velocities)
    return standing & (goal.distances.gather(1, goal.goal_index.unsqueeze(1)).squeeze(1) < distance)


def at_another(env: ManagerBasedRLEnv, distance: float, command_name: str) -> torch.Tensor:
    """Failure: the robot is within ``distance`` [m] of a thing that is not its goal."""
    goal = _goal(env, command_name)
    return ((goal.distances < distance) & (goal.command == 0)).any(dim=1)


def place_around(
    env: ManagerBasedRLEnv,
    env_ids: torch.Tensor | slice,
    distance_range: tuple[float, float],
    jitter: float,
    heights: list[float],
    landmarks: SceneEntityCfg = LANDMARKS,
) -> None:
    """Put the things around the environment's origin, in random order and any directions but evenly spread.

    Args:
        env: The environment.
        env_ids: Environments to reset, shape (n,), or a slice.
        distance_range: Distances from the origin [m].
        jitter: How far each is off its evenly spread direction at most [rad].
        heights: Height of each one's centre [m].
        landmarks: The scene's collection.
    """
    collection = env.scene[landmarks.name]
    origins = env.scene.env_origins[env_ids]
    shape = (len(origins), collection.num_bodies)
    slots = torch.rand(shape, device=env.device).argsort(dim=1)
    angles = torch.rand(shape[0], 1, device=env.device) * 2.0 * math.pi + slots * (2.0 * math.pi / shape[1])
    angles += torch.empty(shape, device=env.device).uniform_(-jitter, jitter)
    distances = torch.empty(shape, device=env.device).uniform_(*distance_range)
    height = torch.tensor(heights, device=env.device).expand(shape)
    pos = torch.stack((distances * torch.cos(angles), distances * torch.sin(angles), height), dim=-1)
    pos += origins.unsqueeze(1)
    quat = random_yaw_orientation(distances.numel(), device=env.device).view(*shape, 4)
    collection.write_body_link_pose_to_sim_index(body_poses=torch.cat([pos, quat], dim=-1), env_ids=env_ids)


def _goal(env: ManagerBasedRLEnv, command_name: str) -> NavigateInstructionCommand:
    return env.command_manager.get_term(command_name)  # type: ignore[return-value]
