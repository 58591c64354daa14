"""Observation terms. Shapes are (num_envs, dim); positions in the environment's frame [m]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg

from .touch import hand_clearance, hand_segments, object_positions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from .commands import TouchGoalCommand


def joint_target_rel(env: ManagerBasedRLEnv, action_name: str, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """Joint position targets relative to the default joint positions [rad], shape (num_envs, num_joints)."""
    default = env.scene[asset_cfg.name].data.default_joint_pos.torch[:, asset_cfg.joint_ids]
    return env.action_manager.get_term(action_name).processed_actions - default


def touch_geometry(
    env: ManagerBasedRLEnv, command_name: str, hands: SceneEntityCfg, objects: SceneEntityCfg
) -> torch.Tensor:
    """Where objects and hands are, and how far apart, shape (num_envs, 5 * num_objects + 9) [m].

    In this order: object centres (x, y, z each), palm centres (left, right), the gap between each hand and each object
    (left hand's first), and the vector from the goal hand's palm centre to the goal object's centre. One term, because
    all of it comes from the same two measurements.
    """
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    segments, centres = hand_segments(env, hands), object_positions(env, objects)
    palms = segments.mean(dim=2)  # (N, 2, 3)
    envs = torch.arange(env.num_envs, device=env.device)
    to_target = centres[envs, goal.object_index] - palms[envs, goal.hand_index]
    gaps = hand_clearance(segments, centres)
    return torch.cat((centres.flatten(1), palms.flatten(1), gaps.flatten(1), to_target), dim=1)


def held_time(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """How long the goal has been touched without a break [s], shape (num_envs, 1)."""
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    return goal.held_time.unsqueeze(-1)
