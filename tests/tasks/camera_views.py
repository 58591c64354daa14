"""Where things should be in a camera's picture: a pinhole projection by hand, and objects found by their colours."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from typing import Any

import torch
from worlds import open_env, rotated

from humanoid_vla.tasks.cameras import head_camera
from humanoid_vla.tasks.mdp.touch import object_positions

TASK = "VLA-Reach-Camera-G1"
SIZE = 64
FOCAL = 0.5 * SIZE / math.tan(math.radians(69.0) / 2)
"""Focal length [px] of a lens of 69 degrees."""
MOUNT_POS = torch.tensor([0.0576235, 0.01753, 0.42987])
"""``d435_joint`` of Unitree's URDF: origin [m] and pitch [rad]."""
MOUNT_PITCH = 0.8307767239493009


def open_depth_env(num_envs: int) -> AbstractContextManager[Any]:
    """The camera task with depth too, and the camera mounted as it should be: its pose follows from the torso's."""
    types = head_camera(depth=True).data_types
    overrides = ["env.events.camera_pose=null", f"env.scene.head_camera.data_types={types}"]
    return open_env(TASK, num_envs=num_envs, overrides=overrides)


def camera_pose(env: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Origin (N, 3) and axes (N, 3 axes, 3) of the mounted camera in the world: ahead, left, up; from the torso's."""
    robot = env.scene["robot"]
    torso = robot.body_names.index("torso_link")
    pos, quat = robot.data.body_link_pos_w.torch[:, torso], robot.data.body_link_quat_w.torch[:, torso]
    c, s = math.cos(MOUNT_PITCH), math.sin(MOUNT_PITCH)
    axes = [rotated(quat, torch.tensor(axis)) for axis in ((c, 0.0, -s), (0.0, 1.0, 0.0), (s, 0.0, c))]
    return pos + rotated(quat, MOUNT_POS), torch.stack(axes, dim=1)


def project(points: torch.Tensor, pose: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Pixel coordinates (right, down) of points in the world (N, K, 3) [m]; shape (N, K, 2)."""
    origin, axes = pose
    ahead, left, up = torch.einsum("nij,nkj->ink", axes, points - origin.unsqueeze(1))
    return SIZE / 2 - FOCAL * torch.stack((left / ahead, up / ahead), dim=-1)


def rays(pose: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Through each pixel's centre a vector in the world that advances 1 m along the viewing axis; (N, 64, 64, 3)."""
    _, axes = pose
    centre = (SIZE / 2 - (torch.arange(SIZE) + 0.5)) / FOCAL
    up, left = torch.meshgrid(centre, centre, indexing="ij")
    return torch.einsum("hwi,nij->nhwj", torch.stack((torch.ones_like(up), left, up), -1), axes)


def objects_w(env: Any) -> torch.Tensor:
    """Centres of the objects in the world [m], (N, 4, 3): cube, ball, cylinder, cone."""
    cfg = env.termination_manager.get_term_cfg("success").params["objects"]
    return object_positions(env, cfg) + env.scene.env_origins.unsqueeze(1)


def object_masks(rgb: torch.Tensor) -> torch.Tensor:
    """Pixels that are red, green, blue and yellow: cube, ball, cylinder, cone. (N, 64, 64, 3) -> (N, 4, 64, 64)."""
    r, g, b = rgb.float().unbind(-1)
    red = (r > 2 * g) & (r > 2 * b)
    green = (g > 1.5 * r) & (g > 1.5 * b)
    blue = (b > 1.5 * r) & (b > 1.5 * g)
    yellow = (r > 2.8 * b) & (g > 0.6 * r)
    lit = rgb.amax(-1) > 40  # the robot's hands are almost black
    return torch.stack((red, green, blue, yellow), dim=1) & lit.unsqueeze(1)


def centroids(masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean pixel coordinates (..., 2) of masks (..., 64, 64), NaN without pixels, and their sizes (...)."""
    area = masks.sum((-1, -2))
    at = torch.arange(SIZE) + 0.5
    right, down = (masks.sum(-2) * at).sum(-1) / area, (masks.sum(-1) * at).sum(-1) / area
    return torch.stack((right, down), -1), area
