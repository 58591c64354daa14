"""Cameras of the tasks' scenes, and what renders them."""

from __future__ import annotations

import math

import isaaclab.sim as sim_utils
from isaaclab.sensors import CameraCfg
from isaaclab.utils import configclass
from isaaclab_tasks.utils.presets import MultiBackendRendererCfg

from humanoid_vla.assets.usd_writer import HEAD_CAMERA_MOUNT
from humanoid_vla.tasks.ray_tracer import BlockRendererCfg

Vec3 = tuple[float, float, float]

HEAD_CAMERA_SIZE = 64
"""Width and height of the head camera's image [px]."""

HEAD_CAMERA_FOV = math.radians(69.0)
"""Horizontal and vertical field of view of the head camera [rad]."""


@configclass
class HeadRendererCfg(MultiBackendRendererCfg):
    """Renderers of the head camera: ``renderer=newton_renderer`` (default), ``ovrtx``, ``isaacsim_rtx``, ``rtx``."""

    newton_renderer: BlockRendererCfg = BlockRendererCfg()
    default: BlockRendererCfg = BlockRendererCfg()


def head_camera(depth: bool = False) -> CameraCfg:
    """The G1's head camera: an Intel RealSense D435i, fixed to ``torso_link`` where the real one is.

    Mount: ``d435_joint`` of Unitree's public g1_29dof URDF, pitched down by 0.8308 rad (47.6 degrees).
    Lens: 69 degrees, the horizontal field of view of the D435i's colour sensor (69 x 42 degrees; Intel RealSense
    D400 series data sheet, 337029). The image is square, so it sees 69 degrees in height too, where the real sensor
    sees 42: at this mount the real colour image ends 69 degrees below the horizon, in the middle of objects at the near
    edge of the table, 0.24 m ahead (the real depth image, 87 x 58 degrees, shows them). Its rows 14 to 49 are what the
    real sensor would show too.

    Args:
        depth: Whether to render depth along the viewing axis as well [m].

    Returns:
        A camera with the outputs ``rgb``, (N, 64, 64, 3) uint8, and ``distance_to_image_plane``, (N, 64, 64, 1)
        float32, if wanted.
    """
    w, x, y, z = HEAD_CAMERA_MOUNT.quat
    focal_length = 1.93  # [mm], of the D435i's colour sensor; only its ratio to the aperture matters
    return CameraCfg(
        prim_path="{ENV_REGEX_NS}/Robot/torso_link/HeadCamera",
        offset=CameraCfg.OffsetCfg(pos=HEAD_CAMERA_MOUNT.pos, rot=(x, y, z, w), convention="world"),
        # Isaac Lab would keep the pose of the last reset, but the waist moves.
        update_latest_camera_pose=True,
        data_types=["rgb", "distance_to_image_plane"] if depth else ["rgb"],
        spawn=sim_utils.PinholeCameraCfg(
            focal_length=focal_length,
            horizontal_aperture=2.0 * focal_length * math.tan(HEAD_CAMERA_FOV / 2.0),
            clipping_range=(0.01, 20.0),
        ),
        width=HEAD_CAMERA_SIZE,
        height=HEAD_CAMERA_SIZE,
        background_color=(0.62, 0.66, 0.70),  # a wall: Newton's default is almost white
        renderer_cfg=HeadRendererCfg(),  # type: ignore[arg-type]  (resolved to one renderer at start)
    )


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
