"""Termination terms: boolean, shape (num_envs,). A term's name in the configuration is the name it is logged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .touch import hand_clearance, hand_segments, object_positions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv
    from isaaclab.managers import SceneEntityCfg

    from .commands import TouchGoalCommand


def goal_held(
    env: ManagerBasedRLEnv,
    hold_time: float,
    distance: float,
    command_name: str,
    hands: SceneEntityCfg,
    objects: SceneEntityCfg,
) -> torch.Tensor:
    """Success: the goal hand has touched the goal object for ``hold_time`` [s] without a break.

    The one place where the command's ``clearance`` is measured and its ``held_time`` advances: terminations are
    computed once a step, before all else. So it must be the first of the terms that deal with touching.
    """
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    goal.clearance = hand_clearance(hand_segments(env, hands), object_positions(env, objects))
    touching = goal.goal_clearance < distance
    goal.held_time = torch.where(touching, goal.held_time + env.step_dt, 0.0)
    return goal.held_time > hold_time - 0.5 * env.step_dt


def wrong_touch(env: ManagerBasedRLEnv, distance: float, command_name: str) -> torch.Tensor:
    """Failure: a hand touches an object it was not told to touch, the other hand on the goal object included."""
    goal: TouchGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    touching = goal.clearance < distance  # (N, 2, O)
    right = goal.goal_clearance < distance
    return touching.sum(dim=(1, 2)) > right


def joint_pos_beyond_limits(env: ManagerBasedRLEnv, tolerance: float, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """A joint is more than ``tolerance`` [rad] beyond its hard limit: the limit's stop was hit hard."""
    data = env.scene[asset_cfg.name].data
    pos, limits = data.joint_pos.torch[:, asset_cfg.joint_ids], data.joint_pos_limits.torch[:, asset_cfg.joint_ids]
    return ((pos < limits[..., 0] - tolerance) | (pos > limits[..., 1] + tolerance)).any(dim=1)


def joint_vel_excess(env: ManagerBasedRLEnv, fraction: float, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """A joint is faster than ``fraction`` of its velocity limit."""
    data = env.scene[asset_cfg.name].data
    limits = data.joint_vel_limits.torch[:, asset_cfg.joint_ids]
    return (data.joint_vel.torch[:, asset_cfg.joint_ids].abs() > fraction * limits).any(dim=1)


def joint_effort_excess(env: ManagerBasedRLEnv, fraction: float, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """The PD law asks a joint for more than ``fraction`` of its effort limit: it pushes against something."""
    asset = env.scene[asset_cfg.name]
    asked = asset.actuators.computed_effort.torch[:, asset_cfg.joint_ids]
    return (asked.abs() > fraction * asset.data.joint_effort_limits.torch[:, asset_cfg.joint_ids]).any(dim=1)


def non_finite_state(env: ManagerBasedRLEnv, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """A joint position or velocity is NaN or infinite: the simulation of this environment broke down."""
    data = env.scene[asset_cfg.name].data
    return ~(data.joint_pos.torch.isfinite() & data.joint_vel.torch.isfinite()).all(dim=1)
