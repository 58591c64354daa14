"""Terms of robots on their own feet: observations and rewards, each of shape (num_envs, dim) and (num_envs,).

A gait clock says which foot is to swing when: the left one in the first half of a period, the right one in the second.
It is a function of the time since the episode began and of nothing else, so a real robot can tell it, too, and it
reveals no command. Foot heights along such a clock are the reward of MuJoCo Playground's joystick tasks (Zakka et al.,
arXiv 2502.08844) and of FastSAC's (arXiv 2512.01996); here a foot swings for less than half a period and stands for
the rest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from isaaclab.managers import ManagerTermBase, RewardTermCfg, SceneEntityCfg
from isaaclab.utils.math import quat_apply_inverse, yaw_quat
from isaaclab.utils.string import resolve_matching_names_values

from .ground import height_above_ground
from .safety import ROBOT

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

ANKLE_HEIGHT = 0.035
"""Height of the origin of a foot's body above its flat sole [m]."""

SWING_SHARE = 0.4
"""Share of a gait period that a foot is to be in the air."""


def gait_phase(env: ManagerBasedRLEnv, period: float) -> torch.Tensor:
    """Where in its period the gait is, in [0, 1), shape (num_envs,)."""
    return torch.remainder(env.episode_length_buf * (env.step_dt / period), 1.0)


def gait_clock(env: ManagerBasedRLEnv, period: float) -> torch.Tensor:
    """Sine and cosine of the gait's phase, shape (num_envs, 2). It runs whether the robot is to walk or to stand."""
    angle = 2.0 * math.pi * gait_phase(env, period)
    return torch.stack((torch.sin(angle), torch.cos(angle)), dim=-1)


def swing_profile(phase: torch.Tensor, height: float) -> torch.Tensor:
    """How high each foot is to be [m], left and right: (n,) in [0, 1) -> (n, 2).

    A foot rises and comes down in a sine squared around the middle of its half of the period.
    """
    middle = torch.tensor([0.25, 0.75], device=phase.device)
    off_middle = (phase.unsqueeze(-1) - middle) / SWING_SHARE  # (n, 2), within 0.5 in the swing
    return height * torch.cos(math.pi * off_middle.clamp(-0.5, 0.5)).square()


def base_height(env: ManagerBasedRLEnv, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """Height of the root above the ground [m], shape (num_envs, 1)."""
    return height_above_ground(env, env.scene[asset_cfg.name].data.root_link_pos_w.torch).unsqueeze(-1)


def foot_heights(env: ManagerBasedRLEnv, feet: SceneEntityCfg) -> torch.Tensor:
    """Height of each foot above the ground under its ankle, 0 where it stands flat [m]; shape (num_envs, num_feet)."""
    ankles = env.scene[feet.name].data.body_link_pos_w.torch[:, feet.body_ids]
    return height_above_ground(env, ankles) - ANKLE_HEIGHT


def foot_contacts(env: ManagerBasedRLEnv, threshold: float, sensor_cfg: SceneEntityCfg) -> torch.Tensor:
    """1 for each foot that carries more than ``threshold`` [N], else 0, shape (num_envs, num_feet).

    0 in an episode's first observation: what the sensor holds belongs to the episode before.
    """
    force = env.scene.sensors[sensor_cfg.name].data.net_normal_forces_w.torch[:, sensor_cfg.body_ids]
    touching = torch.linalg.norm(force, dim=-1) > threshold
    return (touching & (env.episode_length_buf > 0).unsqueeze(-1)).float()


def track_lin_vel(
    env: ManagerBasedRLEnv, std: float, command_name: str, asset_cfg: SceneEntityCfg = ROBOT
) -> torch.Tensor:
    """exp(-|error|^2 / std^2) of the horizontal velocity against the command's x and y [m/s].

    The velocity is seen from a frame that turns with the robot about the vertical only: leaning is no motion.
    """
    data = env.scene[asset_cfg.name].data
    vel = quat_apply_inverse(yaw_quat(data.root_link_quat_w.torch), data.root_com_lin_vel_w.torch)[:, :2]
    error = (env.command_manager.get_command(command_name)[:, :2] - vel).square().sum(dim=-1)
    return torch.exp(-error / std**2)


def track_ang_vel(
    env: ManagerBasedRLEnv, std: float, command_name: str, asset_cfg: SceneEntityCfg = ROBOT
) -> torch.Tensor:
    """exp(-error^2 / std^2) of the turning speed about the vertical against the command's third number [rad/s]."""
    turning = env.scene[asset_cfg.name].data.root_com_ang_vel_w.torch[:, 2]
    error = (env.command_manager.get_command(command_name)[:, 2] - turning).square()
    return torch.exp(-error / std**2)


def is_told_to_move(env: ManagerBasedRLEnv, command_name: str) -> torch.Tensor:
    """Whether the commanded velocity is one to step for, shape (num_envs,), bool."""
    return torch.linalg.norm(env.command_manager.get_command(command_name), dim=-1) > 0.05


def gait(
    env: ManagerBasedRLEnv, period: float, height: float, std: float, command_name: str, feet: SceneEntityCfg
) -> torch.Tensor:
    """exp(-|error|^2 / std^2) of the foot heights [m] against the gait clock's; without a command both feet stay down.

    Args:
        env: The environment.
        period: Duration of two steps [s].
        height: How high a foot is to swing [m].
        std: Error at which the reward has fallen to 1/e [m].
        command_name: The velocity command.
        feet: The feet, left and right.
    """
    wanted = swing_profile(gait_phase(env, period), height)
    wanted = wanted * is_told_to_move(env, command_name).unsqueeze(-1)
    error = (foot_heights(env, feet) - wanted).square().sum(dim=-1)
    return torch.exp(-error / std**2)


class posture(ManagerTermBase):  # noqa: N801  (a term's name is a function's)
    """exp(-mean((q - default)^2 / std^2)) over joints, after mjlab: a joint may move as far as its ``std`` [rad].

    ``std`` maps patterns of joint names to radians.
    """

    def __init__(self, cfg: RewardTermCfg, env: Any) -> None:
        super().__init__(cfg, env)
        names, std = env.scene[ROBOT.name].joint_names, cfg.params["std"]
        indices, found, values = resolve_matching_names_values(std, names)  # type: ignore  (params may be anything)
        if len(found) != len(names):
            raise ValueError(f"std names no value for the joints {sorted(set(names) - set(found))}")
        self._inverse_variance = torch.zeros(len(names), device=env.device)
        self._inverse_variance[indices] = torch.tensor(values, device=env.device) ** -2.0 / len(names)

    def __call__(self, env: ManagerBasedRLEnv, std: dict[str, float]) -> torch.Tensor:
        data = env.scene[ROBOT.name].data
        squared = (data.joint_pos.torch - data.default_joint_pos.torch).square()
        return torch.exp(-squared @ self._inverse_variance)


def power(env: ManagerBasedRLEnv, asset_cfg: SceneEntityCfg = ROBOT) -> torch.Tensor:
    """Mechanical power of all joints, driving and braking alike [W]."""
    asset = env.scene[asset_cfg.name]
    return (asset.actuators.applied_effort.torch * asset.data.joint_vel.torch).abs().sum(dim=-1)


def feet_slide(
    env: ManagerBasedRLEnv, threshold: float, sensor_cfg: SceneEntityCfg, feet: SceneEntityCfg
) -> torch.Tensor:
    """Sum of the horizontal speeds of the feet that carry more than ``threshold`` [N] [m/s]."""
    speed = env.scene[feet.name].data.body_link_lin_vel_w.torch[:, feet.body_ids, :2].norm(dim=-1)
    return (speed * foot_contacts(env, threshold, sensor_cfg)).sum(dim=-1)


def feet_too_close(env: ManagerBasedRLEnv, distance: float, feet: SceneEntityCfg) -> torch.Tensor:
    """How much nearer than ``distance`` the feet are, across the robot's heading [m]."""
    data = env.scene[feet.name].data
    left, right = data.body_link_pos_w.torch[:, feet.body_ids].unbind(dim=1)
    across = quat_apply_inverse(yaw_quat(data.root_link_quat_w.torch), left - right)[:, 1]
    return (distance - across).clamp_min(0.0)
