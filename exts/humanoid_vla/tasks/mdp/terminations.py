"""Termination terms: boolean, shape (num_envs,). A term's name in the configuration is the name it is logged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg

from . import safety
from .safety import ROBOT
from .touch import hand_clearance, hand_segments, object_positions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

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


def joint_pos_beyond_limits(
    env: ManagerBasedRLEnv, tolerance: float, asset_cfg: SceneEntityCfg = ROBOT
) -> torch.Tensor:
    """A joint is more than ``tolerance`` [rad] beyond its hard limit: the limit's stop was hit hard."""
    return _costs(safety.joint_pos_excess(env, tolerance, asset_cfg))


def joint_vel_excess(env: ManagerBasedRLEnv, fraction: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """A joint is faster than ``fraction`` of its velocity limit."""
    return _costs(safety.joint_vel_excess(env, fraction, asset_cfg))


def joint_effort_excess(env: ManagerBasedRLEnv, fraction: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """The PD law asks a joint for more than ``fraction`` of its effort limit: it pushes against something."""
    return _costs(safety.joint_effort_excess(env, fraction, asset_cfg))


def hard_contact(env: ManagerBasedRLEnv, threshold: float, sensor_cfg: SceneEntityCfg) -> torch.Tensor:
    """A body has felt more than ``threshold`` [N] in the sensor's history."""
    return _costs(safety.contact_force_excess(env, threshold, sensor_cfg))


def too_low(env: ManagerBasedRLEnv, minimum_height: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """Fall: the root is lower than ``minimum_height`` [m] above the ground."""
    return _costs(safety.height_deficit(env, minimum_height, asset_cfg))


def tilted(env: ManagerBasedRLEnv, limit_angle: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """Fall: the root's z axis leans more than ``limit_angle`` [rad] from the vertical."""
    return _costs(safety.tilt_excess(env, limit_angle, asset_cfg))


def left_area(env: ManagerBasedRLEnv, radius: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """The root is farther than ``radius`` [m] from the environment's origin, on the ground."""
    return _costs(safety.distance_excess(env, radius, asset_cfg))


def non_finite_state(env: ManagerBasedRLEnv, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """A position or velocity is NaN or infinite: the simulation of this environment broke down."""
    return _costs(safety.non_finite(env, asset_cfg))


def _costs(cost: torch.Tensor) -> torch.Tensor:
    """Where a cost of :mod:`.safety` is above 0: (num_envs, 1) -> (num_envs,)."""
    return cost.squeeze(-1) > 0
