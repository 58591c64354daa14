"""What the G1 looks like: a few dozen primitives, sized after the bounding boxes of Unitree's meshes.

Colours are linear RGB. Renderers without meshes or textures draw all of it, which keeps a 64 x 64 camera cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from humanoid_vla.assets.g1_figures import Vec3

SHELL: Vec3 = (0.60, 0.62, 0.65)
DARK: Vec3 = (0.025, 0.027, 0.032)
VISOR: Vec3 = (0.004, 0.004, 0.006)
GLOW: Vec3 = (0.05, 0.45, 0.9)


@dataclass(frozen=True)
class Part:
    """A primitive in its link's frame [m].

    Capsules and cylinders run from ``start`` to ``end`` with ``radius``; boxes span the corners.
    """

    link: str
    kind: Literal["capsule", "cylinder", "box"]
    color: Vec3
    start: Vec3
    end: Vec3
    radius: float = 0.0


_MIDDLE = (
    Part("pelvis", "capsule", SHELL, (0.0, -0.018, -0.085), (0.0, 0.018, -0.085), 0.060),
    Part("pelvis", "cylinder", DARK, (0.0, 0.0, -0.045), (0.0, 0.0, 0.0), 0.050),
    Part("waist_yaw_link", "cylinder", DARK, (0.0, 0.0, 0.0), (0.0, 0.0, 0.050), 0.042),
    Part("torso_link", "capsule", DARK, (0.004, 0.0, 0.01), (0.004, 0.0, 0.06), 0.050),
    Part("torso_link", "capsule", SHELL, (0.006, -0.030, 0.105), (0.006, 0.030, 0.105), 0.058),
    Part("torso_link", "capsule", SHELL, (0.006, -0.040, 0.125), (0.008, -0.046, 0.245), 0.062),
    Part("torso_link", "capsule", SHELL, (0.007, 0.0, 0.120), (0.008, 0.0, 0.245), 0.065),
    Part("torso_link", "capsule", SHELL, (0.006, 0.040, 0.125), (0.008, 0.046, 0.245), 0.062),
    Part("torso_link", "box", DARK, (0.058, -0.030, 0.170), (0.0745, 0.030, 0.255)),
    Part("torso_link", "cylinder", DARK, (-0.004, 0.0, 0.285), (-0.004, 0.0, 0.365), 0.036),
    Part("torso_link", "cylinder", GLOW, (-0.004, 0.0, 0.312), (-0.004, 0.0, 0.320), 0.040),
    # The head stays behind the head camera, which would otherwise look at it from within.
    Part("torso_link", "capsule", SHELL, (-0.014, 0.0, 0.385), (-0.014, 0.0, 0.428), 0.060),
    Part("torso_link", "capsule", VISOR, (0.001, 0.0, 0.374), (0.003, 0.0, 0.428), 0.052),
)

_LEFT = (
    Part("left_hip_pitch_link", "cylinder", SHELL, (0.0, 0.010, -0.004), (0.0, 0.090, -0.004), 0.044),
    Part("left_hip_pitch_link", "cylinder", DARK, (0.0, 0.090, -0.004), (0.0, 0.099, -0.004), 0.036),
    Part("left_hip_roll_link", "cylinder", DARK, (-0.026, 0.0, 0.0), (0.076, 0.0, 0.0), 0.036),
    Part("left_hip_roll_link", "capsule", SHELL, (0.022, 0.0, -0.020), (0.024, 0.0, -0.085), 0.047),
    Part("left_hip_yaw_link", "capsule", SHELL, (-0.004, 0.0, -0.020), (-0.066, 0.002, -0.150), 0.046),
    Part("left_hip_yaw_link", "cylinder", DARK, (-0.078, -0.042, -0.177), (-0.078, 0.045, -0.177), 0.043),
    Part("left_knee_link", "capsule", SHELL, (0.016, 0.0, -0.030), (0.010, 0.0, -0.190), 0.037),
    Part("left_knee_link", "capsule", DARK, (0.008, 0.0, -0.180), (0.0, 0.0, -0.290), 0.025),
    Part("left_ankle_pitch_link", "cylinder", DARK, (0.0, -0.028, -0.004), (0.0, 0.028, -0.004), 0.018),
    Part("left_ankle_roll_link", "box", DARK, (-0.054, -0.034, -0.035), (0.130, 0.034, -0.022)),
    Part("left_ankle_roll_link", "capsule", SHELL, (-0.040, 0.0, -0.010), (0.105, 0.0, -0.020), 0.024),
    Part("left_shoulder_pitch_link", "cylinder", DARK, (0.0, 0.0, -0.004), (0.0, 0.072, -0.004), 0.033),
    Part("left_shoulder_roll_link", "capsule", SHELL, (0.0, 0.003, -0.002), (0.0, 0.006, -0.062), 0.037),
    Part("left_shoulder_yaw_link", "cylinder", DARK, (0.0, 0.0, -0.004), (0.0, 0.0, 0.010), 0.035),
    Part("left_shoulder_yaw_link", "capsule", SHELL, (0.0, -0.002, -0.015), (0.006, 0.0, -0.060), 0.033),
    Part("left_shoulder_yaw_link", "cylinder", DARK, (0.0158, -0.037, -0.0805), (0.0158, 0.036, -0.0805), 0.028),
    Part("left_elbow_link", "capsule", SHELL, (0.018, 0.001, -0.009), (0.070, 0.0019, -0.010), 0.031),
    Part("left_wrist_roll_link", "cylinder", DARK, (-0.002, 0.0, 0.0), (0.038, 0.0, 0.0), 0.027),
    Part("left_wrist_pitch_link", "capsule", SHELL, (0.006, 0.0, 0.0), (0.040, 0.0, 0.0), 0.0285),
    Part("left_wrist_yaw_link", "cylinder", DARK, (0.0, 0.0, -0.027), (0.0, 0.0, 0.027), 0.022),
    Part("left_wrist_yaw_link", "capsule", DARK, (0.055, 0.0, 0.0), (0.105, -0.006, 0.0), 0.030),
    Part("left_wrist_yaw_link", "capsule", DARK, (0.105, -0.012, 0.017), (0.158, -0.024, 0.014), 0.014),
    Part("left_wrist_yaw_link", "capsule", DARK, (0.105, -0.012, -0.014), (0.158, -0.024, -0.012), 0.014),
    Part("left_wrist_yaw_link", "capsule", DARK, (0.075, -0.004, 0.028), (0.108, -0.016, 0.048), 0.012),
)


def _mirror(part: Part) -> Part:
    (ax, ay, az), (bx, by, bz) = part.start, part.end
    link = part.link.replace("left", "right")
    return Part(link, part.kind, part.color, (ax, -ay, az), (bx, -by, bz), part.radius)


PARTS: tuple[Part, ...] = _MIDDLE + _LEFT + tuple(map(_mirror, _LEFT))
"""Every primitive of the robot, right side mirrored from the left."""

STAND_PARTS: tuple[Part, ...] = (
    Part("pelvis", "cylinder", DARK, (-0.11, 0.0, -0.793), (-0.11, 0.0, -0.783), 0.17),
    Part("pelvis", "cylinder", DARK, (-0.11, 0.0, -0.783), (-0.11, 0.0, -0.085), 0.018),
    Part("pelvis", "cylinder", DARK, (-0.125, 0.0, -0.085), (-0.04, 0.0, -0.085), 0.022),
)
"""The post that carries the upper body from behind; it is drawn, not simulated."""
