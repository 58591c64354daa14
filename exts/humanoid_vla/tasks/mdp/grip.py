"""Where grippers and objects are: what the terms of tasks with grippers share. Positions in the environment's frame."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import torch
from isaaclab.utils.math import quat_apply

from humanoid_vla.assets.gripper import GRIP_CENTRE

from .touch import object_positions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv
    from isaaclab.managers import SceneEntityCfg


def grip_centres(env: ManagerBasedRLEnv, hands: SceneEntityCfg) -> torch.Tensor:
    """The point between the fingers of each gripper [m], shape (num_envs, num_hands, 3)."""
    data = env.scene[hands.name].data
    pos = data.body_link_pos_w.torch[:, hands.body_ids] - env.scene.env_origins.unsqueeze(1)
    quat = data.body_link_quat_w.torch[:, hands.body_ids]
    return pos + quat_apply(quat, _grip_centre(quat.device).expand_as(pos))


@functools.cache
def _grip_centre(device: torch.device) -> torch.Tensor:
    return torch.tensor(GRIP_CENTRE, device=device)


def grip_distances(grips: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """From each gripper to each object's centre [m]; (N, hands, 3) and (N, objects, 3) -> (N, hands, objects)."""
    return torch.linalg.vector_norm(centres.unsqueeze(1) - grips.unsqueeze(2), dim=-1)


def finger_openings(env: ManagerBasedRLEnv, fingers: SceneEntityCfg) -> torch.Tensor:
    """How far fingers are from the middle of their gripper [m], shape (num_envs, num_fingers)."""
    return env.scene[fingers.name].data.joint_pos.torch[:, fingers.joint_ids]


def heights_above(env: ManagerBasedRLEnv, objects: SceneEntityCfg, rest_heights: torch.Tensor) -> torch.Tensor:
    """How much higher objects' centres are than when they stand on the table [m], shape (num_envs, num_objects)."""
    return object_positions(env, objects)[..., 2] - rest_heights
