"""Event terms: what changes at a reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg
from isaaclab.utils.math import random_yaw_orientation

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv


def place_objects_apart(
    env: ManagerBasedEnv,
    env_ids: torch.Tensor | slice,
    x_range: tuple[float, float],
    pitch: float,
    jitter: float,
    heights: list[float],
    objects: SceneEntityCfg,
) -> None:
    """Put the objects at random places on a table, any two at least ``pitch - 2 * jitter`` apart.

    The objects take random slots in a row along y, ``pitch`` [m] apart and centred on the robot; each is moved by up to
    ``jitter`` [m] along its row and anywhere in ``x_range`` [m] away from the robot, and turned about the vertical.

    Args:
        env: The environment.
        env_ids: Environments to reset, shape (n,), or a slice.
        x_range: Distance in front of the robot [m].
        pitch: Distance between slots [m].
        jitter: Largest sideways move [m].
        heights: Height of each object's centre [m].
        objects: The scene's object collection.
    """
    collection = env.scene[objects.name]
    origins = env.scene.env_origins[env_ids]
    shape = (len(origins), collection.num_bodies)
    slots = torch.rand(shape, device=env.device).argsort(dim=1) - 0.5 * (shape[1] - 1)
    pos = torch.empty(*shape, 3, device=env.device)
    pos[..., 0].uniform_(*x_range)
    pos[..., 1].uniform_(-jitter, jitter).add_(slots, alpha=pitch)
    pos[..., 2] = torch.tensor(heights, device=env.device)
    pos += origins.unsqueeze(1)
    quat = random_yaw_orientation(pos[..., 0].numel(), device=env.device).view(*shape, 4)
    collection.write_body_link_pose_to_sim_index(body_poses=torch.cat([pos, quat], dim=-1), env_ids=env_ids)
