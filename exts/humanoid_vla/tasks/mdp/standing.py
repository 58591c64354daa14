"""Terms of robots on their feet. Rewards are of shape (num_envs,): what good standing is not, so 0 is best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg

from .safety import ROBOT

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv, ManagerBasedRLEnv


def hold_posture(env: ManagerBasedEnv, env_ids: torch.Tensor | slice, asset_cfg: SceneEntityCfg) -> None:
    """Event: joints that no action moves get the default posture as their target; without it they would get zero."""
    robot = env.scene[asset_cfg.name]
    targets = robot.data.default_joint_pos.torch[env_ids][:, asset_cfg.joint_ids]
    robot.actuators.target_command.set_position_index(value=targets, joint_ids=asset_cfg.joint_ids, env_ids=env_ids)


def height_error(env: ManagerBasedRLEnv, height: float, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """Square of how far the root is from ``height`` [m] above the environment's origin [m^2]."""
    root = env.scene[asset_cfg.name].data.root_link_pos_w.torch[:, 2] - env.scene.env_origins[:, 2]
    return (root - height).square()


def off_place(env: ManagerBasedRLEnv, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """Square of how far the root is from the environment's origin on the ground [m^2]."""
    offset = env.scene[asset_cfg.name].data.root_link_pos_w.torch[:, :2] - env.scene.env_origins[:, :2]
    return offset.square().sum(dim=1)


def capture_error(
    env: ManagerBasedRLEnv, rise_time: float, sole: float, cap: float, feet: SceneEntityCfg, asset_cfg: SceneEntityCfg
) -> torch.Tensor:
    """Square of how far the capture point is from the middle between the feet [m^2], no more than ``cap``.

    The capture point is where a foot must be for a robot to come to rest above it: the centre of mass, carried on by
    its velocity for the time constant of an inverted pendulum (Pratt et al., "Capture point: a step toward humanoid
    push recovery", Humanoids 2006).

    Args:
        env: The environment.
        rise_time: That time constant, sqrt(height / g) [s].
        sole: How far the middle of a sole is ahead of its body's origin [m]; taken along the world's x axis.
        cap: Largest value [m^2].
        feet: The feet.
        asset_cfg: The robot.
    """
    data = env.scene[asset_cfg.name].data
    mass = data.body_mass.torch.unsqueeze(-1)  # (N, B, 1)
    moved = data.body_com_pos_w.torch[..., :2] + rise_time * data.body_com_lin_vel_w.torch[..., :2]
    capture_point = (mass * moved).sum(dim=1) / mass.sum(dim=1)
    middle = data.body_link_pos_w.torch[:, feet.body_ids, :2].mean(dim=1)
    middle = middle + middle.new_tensor([sole, 0.0])
    return (capture_point - middle).square().sum(dim=1).clamp_max(cap)


def moving_feet(env: ManagerBasedRLEnv, feet: SceneEntityCfg) -> torch.Tensor:
    """Sum of the feet's speeds [m/s]: planted feet have none."""
    velocity = env.scene[feet.name].data.body_link_lin_vel_w.torch[:, feet.body_ids]
    return torch.linalg.norm(velocity, dim=-1).sum(dim=1)


def posture_error(env: ManagerBasedRLEnv, asset_cfg: SceneEntityCfg) -> torch.Tensor:
    """Sum of squared deviations of joints from the default posture [rad^2]."""
    data = env.scene[asset_cfg.name].data
    deviation = data.joint_pos.torch[:, asset_cfg.joint_ids] - data.default_joint_pos.torch[:, asset_cfg.joint_ids]
    return deviation.square().sum(dim=1)
