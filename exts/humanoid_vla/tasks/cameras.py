"""Cameras of the tasks' scenes."""

from __future__ import annotations

import math

import isaaclab.sim as sim_utils
from isaaclab.sensors import CameraCfg
from isaaclab_tasks.utils.presets import MultiBackendRendererCfg

Vec3 = tuple[float, float, float]


def video_camera(eye: Vec3, target: Vec3) -> CameraCfg:
    """A third-person camera for videos, 640x480.

    Args:
        eye: Where the camera stands, in the environment's frame [m].
        target: What it looks at [m].
    """
    return CameraCfg(
        prim_path="{ENV_REGEX_NS}/VideoCamera",
        offset=CameraCfg.OffsetCfg(pos=eye, rot=_looking_at(eye, target), convention="world"),
        data_types=["rgb"],
        spawn=sim_utils.PinholeCameraCfg(focal_length=24.0, horizontal_aperture=20.955, clipping_range=(0.05, 50.0)),
        width=640,
        height=480,
        renderer_cfg=MultiBackendRendererCfg(),  # type: ignore[arg-type]  (resolved to one renderer at start)
    )


def _looking_at(eye: Vec3, target: Vec3) -> tuple[float, float, float, float]:
    """Orientation (xyzw) of a frame whose x axis points from ``eye`` to ``target`` and whose y axis stays level."""
    dx, dy, dz = (t - e for t, e in zip(target, eye, strict=True))
    half_yaw = 0.5 * math.atan2(dy, dx)
    half_pitch = 0.5 * math.atan2(-dz, math.hypot(dx, dy))
    cy, sy, cp, sp = math.cos(half_yaw), math.sin(half_yaw), math.cos(half_pitch), math.sin(half_pitch)
    # yaw about z, then pitch about the new y
    return (-sy * sp, cy * sp, sy * cp, cy * cp)
