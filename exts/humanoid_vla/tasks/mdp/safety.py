"""What a robot must not do, as costs: 0 while safe, above 0 by how far a limit is exceeded; shape (num_envs, 1).

Each function serves twice, with thresholds of its own each time: as a term of an observation group ``cost``, for
constrained learning, and in :mod:`.terminations`, where an episode ends when the cost is above 0.

Costs have no unit: the excess over the threshold is a share of the limit that it belongs to, so costs of different
kinds compare. Of several joints or bodies the worst counts. They are always finite: what is not a number costs nothing
here, it is :func:`non_finite`'s; and no cost is above :data:`MAX_COST`, or a simulation that breaks down would drown
all other costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg

from .ground import height_above_ground

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

ROBOT = SceneEntityCfg("robot")
"""All joints, in the backend's own order, which needs no gathering."""

MAX_COST = 10.0
"""Where costs saturate: a limit exceeded by ten times itself."""


def joint_pos_excess(env: ManagerBasedRLEnv, tolerance: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """How far a joint is more than ``tolerance`` [rad] beyond its hard limits, as a share of half its range.

    A negative tolerance begins before the limits.
    """
    data = env.scene[asset_cfg.name].data
    pos = data.joint_pos.torch[:, asset_cfg.joint_ids]
    lower, upper = data.joint_pos_limits.torch[:, asset_cfg.joint_ids].unbind(-1)
    excess = torch.maximum(lower - tolerance - pos, pos - (upper + tolerance))
    return _worst(excess / (upper - lower).mul_(0.5))


def joint_vel_excess(env: ManagerBasedRLEnv, fraction: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """How much faster a joint is than ``fraction`` of its velocity limit, as a share of that limit."""
    data = env.scene[asset_cfg.name].data
    speed = data.joint_vel.torch[:, asset_cfg.joint_ids].abs()
    return _share_above(speed, fraction, data.joint_vel_limits.torch[:, asset_cfg.joint_ids])


def joint_effort_excess(env: ManagerBasedRLEnv, fraction: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """How much more the PD law asks a joint for than ``fraction`` of its effort limit, as a share of that limit."""
    asset = env.scene[asset_cfg.name]
    asked = asset.actuators.computed_effort.torch[:, asset_cfg.joint_ids].abs()
    limits = asset.data.joint_effort_limits.torch[:, asset_cfg.joint_ids]
    return _of_this_episode(env, _share_above(asked, fraction, limits))


def contact_force_excess(env: ManagerBasedRLEnv, threshold: float, sensor_cfg: SceneEntityCfg) -> torch.Tensor:
    """How much more than ``threshold`` [N] a body has felt in the sensor's history, as a share of ``threshold``."""
    forces = env.scene.sensors[sensor_cfg.name].data.net_normal_forces_w_history.torch[:, :, sensor_cfg.body_ids]
    felt = torch.linalg.norm(forces, dim=-1).flatten(1)  # (N, history * bodies)
    return _of_this_episode(env, _worst((felt - threshold) / threshold))


def height_deficit(env: ManagerBasedRLEnv, minimum_height: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """How far the root is lower than ``minimum_height`` [m] above the ground, as a share of it."""
    height = height_above_ground(env, env.scene[asset_cfg.name].data.root_link_pos_w.torch).unsqueeze(-1)
    return _worst((minimum_height - height) / minimum_height)


def tilt_excess(env: ManagerBasedRLEnv, limit_angle: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """How much further than ``limit_angle`` [rad] the root's z axis leans from the vertical, as a share of it."""
    x, y, z, w = env.scene[asset_cfg.name].data.root_link_quat_w.torch.split(1, dim=-1)
    # A rotation is a turn about the vertical and a tilt about a horizontal axis: q = q_tilt * q_turn, with
    # sin(tilt / 2) = |(x, y)| and cos(tilt / 2) = |(z, w)|. Unlike the arc cosine it is exact near 0 and pi.
    tilt = 2.0 * torch.atan2(torch.hypot(x, y), torch.hypot(z, w))
    return _worst((tilt - limit_angle) / limit_angle)


def distance_excess(env: ManagerBasedRLEnv, radius: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """How much farther than ``radius`` [m] from the environment's origin the root is, on the ground; a share of it."""
    offset = env.scene[asset_cfg.name].data.root_link_pos_w.torch[:, :2] - env.scene.env_origins[:, :2]
    return _worst((torch.linalg.norm(offset, dim=-1, keepdim=True) - radius) / radius)


def non_finite(env: ManagerBasedRLEnv, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """1 where a joint or the root has a position or a velocity that is NaN or infinite."""
    data = env.scene[asset_cfg.name].data
    root = data.root_link_pose_w.torch, data.root_com_vel_w.torch
    state = torch.cat((data.joint_pos.torch, data.joint_vel.torch, *root), dim=1)
    # a sum is finite only where all its terms are
    return (~state.sum(dim=1, keepdim=True).isfinite()).float()


def _share_above(magnitude: torch.Tensor, fraction: float, limit: torch.Tensor) -> torch.Tensor:
    """By which share of its limit the worst of (num_envs, n) magnitudes is above ``fraction`` of it; (num_envs, 1)."""
    return _worst((magnitude - fraction * limit) / limit)


def _worst(excess: torch.Tensor) -> torch.Tensor:
    """The largest of (num_envs, n) as a cost, (num_envs, 1)."""
    return excess.nan_to_num(0.0).amax(dim=1, keepdim=True).clamp_(0.0, MAX_COST)


def _of_this_episode(env: ManagerBasedRLEnv, cost: torch.Tensor) -> torch.Tensor:
    """0 in an episode's first observation: what the last physics step measured belongs to the episode before."""
    return cost * (env.episode_length_buf > 0).unsqueeze(-1)
