"""How high things are above the ground, be it flat or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv


def height_above_ground(env: ManagerBasedEnv, points: torch.Tensor) -> torch.Tensor:
    """Height of points in the world above the ground straight below them [m], (num_envs, ..., 3) -> (num_envs, ...).

    A scene with a terrain asks that, see :class:`humanoid_vla.tasks.rough_ground.RoughGround`; elsewhere the ground is
    as high as each environment's origin.
    """
    terrain: Any = env.scene.terrain
    if terrain is not None:
        return points[..., 2] - terrain.height_at(points)
    return points[..., 2] - env.scene.env_origins[:, 2].view(-1, *[1] * (points.dim() - 2))
