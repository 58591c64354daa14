"""Reward terms, each of shape (num_envs,). Isaac Lab multiplies them by their weight and the step's duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv
    from isaaclab.managers import SceneEntityCfg

    from .commands import TouchGoalCommand


def goal_gap(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """Gap between the goal hand and the goal object [m], 0 where they touch."""
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    return goal.goal_clearance.clamp_min(0.0)


def goal_proximity(env: ManagerBasedRLEnv, std: float, command_name: str) -> torch.Tensor:
    """``1 - tanh(gap / std)``: 1 where the goal hand touches the goal object, ``std`` [m] away it is 0.24."""
    return 1.0 - torch.tanh(goal_gap(env, command_name) / std)


def ended_by(env: ManagerBasedRLEnv, term_names: list[str]) -> torch.Tensor:
    """1 in the step in which one of the named terminations ended the episode."""
    ended = torch.stack([env.termination_manager.get_term(name) for name in term_names])
    return ended.any(dim=0).float()


def idle_arm_deviation(
    env: ManagerBasedRLEnv, command_name: str, left_arm: SceneEntityCfg, right_arm: SceneEntityCfg
) -> torch.Tensor:
    """Sum of squared deviations [rad^2] of the arm that was *not* told to move from its default posture."""
    data = env.scene[left_arm.name].data
    squared = (data.joint_pos.torch - data.default_joint_pos.torch).square()
    left, right = squared[:, left_arm.joint_ids].sum(-1), squared[:, right_arm.joint_ids].sum(-1)
    told_left = env.command_manager.get_term(command_name).hand_index == 0  # type: ignore[attr-defined]
    return torch.where(told_left, right, left)
