"""Observation terms. Shapes are (num_envs, dim); positions in the environment's frame [m]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg

from .touch import hand_clearance as _hand_clearance
from .touch import object_positions as _object_positions
from .touch import palm_positions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from .commands import TouchGoalCommand


def joint_target_rel(env: ManagerBasedRLEnv, action_name: str, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """Joint position targets relative to the default joint positions [rad], shape (num_envs, num_joints)."""
    default = env.scene[asset_cfg.name].data.default_joint_pos.torch[:, asset_cfg.joint_ids]
    return env.action_manager.get_term(action_name).processed_actions - default


def object_positions(env: ManagerBasedRLEnv, objects: SceneEntityCfg) -> torch.Tensor:
    """Object centres [m], shape (num_envs, num_objects * 3)."""
    return _object_positions(env, objects).flatten(1)


def hand_positions(env: ManagerBasedRLEnv, hands: SceneEntityCfg) -> torch.Tensor:
    """Palm centres [m], shape (num_envs, 6): left, right."""
    return palm_positions(env, hands).flatten(1)


def hand_clearance(env: ManagerBasedRLEnv, hands: SceneEntityCfg, objects: SceneEntityCfg) -> torch.Tensor:
    """Gap between each hand and each object [m], shape (num_envs, 2 * num_objects)."""
    return _hand_clearance(env, hands, objects).flatten(1)


def hand_to_target(
    env: ManagerBasedRLEnv, command_name: str, hands: SceneEntityCfg, objects: SceneEntityCfg
) -> torch.Tensor:
    """Vector from the goal hand's palm centre to the goal object's centre [m], shape (num_envs, 3)."""
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    envs = torch.arange(env.num_envs, device=env.device)
    target = _object_positions(env, objects)[envs, goal.object_index]
    return target - palm_positions(env, hands)[envs, goal.hand_index]


def held_time(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """How long the goal has been touched without a break [s], shape (num_envs, 1)."""
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    return goal.held_time.unsqueeze(-1)
