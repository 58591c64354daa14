"""Observation terms. Shapes are (num_envs, dim); positions in the environment's frame [m]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg

from .touch import hand_clearance, hand_segments, object_positions, palm_centres

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from .commands import TouchGoalCommand, TouchInstructionCommand


def joint_target_rel(env: ManagerBasedRLEnv, action_name: str, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """Joint position targets relative to the default joint positions [rad], shape (num_envs, num_joints)."""
    default = env.scene[asset_cfg.name].data.default_joint_pos.torch[:, asset_cfg.joint_ids]
    return env.action_manager.get_term(action_name).processed_actions - default


def touch_geometry(env: ManagerBasedRLEnv, hands: SceneEntityCfg, objects: SceneEntityCfg) -> torch.Tensor:
    """Where objects and hands are, and how far apart, shape (num_envs, 5 * num_objects + 6) [m].

    In this order: object centres (x, y, z each), palm centres (left, right), and the gap between each hand and each
    object (left hand's first). One term, because all of it comes from the same two measurements. It says nothing of
    the goal.
    """
    segments, centres = hand_segments(env, hands), object_positions(env, objects)
    gaps = hand_clearance(segments, centres)
    return torch.cat((centres.flatten(1), segments.mean(dim=2).flatten(1), gaps.flatten(1)), dim=1)


def hand_to_goal(
    env: ManagerBasedRLEnv, command_name: str, hands: SceneEntityCfg, objects: SceneEntityCfg
) -> torch.Tensor:
    """From the goal hand's palm centre to the goal object's centre [m], shape (num_envs, 3)."""
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    envs = torch.arange(env.num_envs, device=env.device)
    palms = palm_centres(env, hands)
    return object_positions(env, objects)[envs, goal.object_index] - palms[envs, goal.hand_index]


def held_time(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """How long the goal has been touched without a break [s], shape (num_envs, 1)."""
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    return goal.held_time.unsqueeze(-1)


def instruction(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """Embedding of the sentence that tells the goal, shape (num_envs, 384)."""
    goal: TouchInstructionCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    return goal.instructions.embeddings[goal.instruction_index]
