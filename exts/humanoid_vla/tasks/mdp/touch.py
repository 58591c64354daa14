"""Where the hands are and how far they are from the objects: what observations, rewards and terminations share."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import torch
from isaaclab.utils.math import quat_apply

from humanoid_vla.assets.g1 import HAND_CAPSULES, HAND_RADIUS
from humanoid_vla.assets.objects import OBJECT_RADIUS

from .geometry import distance_to_segment

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv
    from isaaclab.managers import SceneEntityCfg


def hand_segments(env: ManagerBasedRLEnv, hands: SceneEntityCfg) -> torch.Tensor:
    """Both ends of each hand's capsule axis in the environment's frame [m], shape (num_envs, 2 hands, 2 ends, 3)."""
    pos, quat = _hand_poses(env, hands)
    return pos.unsqueeze(2) + quat_apply(quat.unsqueeze(2), _capsule_ends(quat.device))


@functools.cache
def _capsule_ends(device: torch.device) -> torch.Tensor:
    """The figures as a tensor, which takes longer to make than to use."""
    return torch.tensor(HAND_CAPSULES, device=device)


def palm_centres(env: ManagerBasedRLEnv, hands: SceneEntityCfg) -> torch.Tensor:
    """The middle of each hand's capsule in the environment's frame [m], shape (num_envs, 2 hands, 3)."""
    pos, quat = _hand_poses(env, hands)
    return pos + quat_apply(quat, _capsule_ends(quat.device).mean(dim=1))


def _hand_poses(env: ManagerBasedRLEnv, hands: SceneEntityCfg) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions in the environment's frame [m], (num_envs, 2, 3), and orientations (xyzw) of the hands' bodies."""
    data = env.scene[hands.name].data
    pos = data.body_link_pos_w.torch[:, hands.body_ids] - env.scene.env_origins.unsqueeze(1)
    return pos, data.body_link_quat_w.torch[:, hands.body_ids]


def object_positions(env: ManagerBasedRLEnv, objects: SceneEntityCfg) -> torch.Tensor:
    """Object centres in the environment's frame [m], shape (num_envs, num_objects, 3)."""
    return env.scene[objects.name].data.body_link_pos_w.torch - env.scene.env_origins.unsqueeze(1)


def hand_clearance(segments: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Gap between each hand's surface and each object's [m], shape (num_envs, 2, num_objects); negative inside.

    Hands are capsules; objects count as balls of ``OBJECT_RADIUS``, which their shapes differ from by at most 16 mm.

    Args:
        segments: From :func:`hand_segments`.
        centres: From :func:`object_positions`.
    """
    start, end = segments.unsqueeze(2).unbind(dim=3)  # (N, 2, 1, 3) each
    return distance_to_segment(centres.unsqueeze(1), start, end) - HAND_RADIUS - OBJECT_RADIUS
