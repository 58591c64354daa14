"""Where the things are, seen from the robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg
from isaaclab.utils.math import quat_apply_inverse, yaw_quat

from humanoid_vla.tasks.mdp.safety import ROBOT

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

LANDMARKS = SceneEntityCfg("landmarks")


def landmark_offsets(
    env: ManagerBasedRLEnv, robot: SceneEntityCfg = ROBOT, landmarks: SceneEntityCfg = LANDMARKS
) -> torch.Tensor:
    """From the pelvis to each thing along the ground [m], ahead and to the left; (num_envs, num_landmarks, 2).

    The frame turns with the robot about the vertical only.
    """
    data = env.scene[robot.name].data
    offsets = env.scene[landmarks.name].data.body_link_pos_w.torch - data.root_link_pos_w.torch.unsqueeze(1)
    heading = yaw_quat(data.root_link_quat_w.torch).unsqueeze(1).expand(-1, offsets.shape[1], -1)
    return quat_apply_inverse(heading, offsets)[..., :2]


def polar(offsets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Distances [m] and bearings [rad] (to the left above 0) of offsets, (..., 2) -> (...) each."""
    return torch.linalg.vector_norm(offsets, dim=-1), torch.atan2(offsets[..., 1], offsets[..., 0])
