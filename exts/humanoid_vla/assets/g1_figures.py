"""The published figures of the Unitree G1 (29 degrees of freedom), read from ``data/g1_29dof.json``.

Copyright (c) Unitree Robotics: the figures derive from Unitree's public G1 model, BSD-3-Clause (``data/NOTICE``).

Units: m, kg, kg m^2, rad, N m, rad/s. Quaternions are wxyz, as in the file. Frames are relative to the parent link at
zero joint angles; x points ahead, y to the left, z up.
"""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA_DIR = Path(__file__).parent / "data"
FIGURES_PATH = DATA_DIR / "g1_29dof.json"

Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]


@dataclass(frozen=True)
class Frame:
    """A pose in a parent's frame: position [m] and unit quaternion, wxyz."""

    pos: Vec3
    quat: Quat = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Collider:
    """A capsule along its local z axis, or a sphere where ``half_length`` is zero [m]."""

    frame: Frame
    radius: float
    half_length: float = 0.0

    @property
    def ends(self) -> tuple[Vec3, Vec3]:
        """Both ends of the capsule's axis in the link's frame [m]: the one against the local z axis first."""
        (px, py, pz), (w, x, y, z), h = self.frame.pos, self.frame.quat, self.half_length
        # The local z axis is the third column of the rotation matrix.
        ax, ay, az = 2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)
        return (px - h * ax, py - h * ay, pz - h * az), (px + h * ax, py + h * ay, pz + h * az)


@dataclass(frozen=True)
class Joint:
    """A hinge: position limits [rad], effort limit [N m], velocity limit [rad/s], reflected rotor inertia [kg m^2]."""

    name: str
    axis: str
    lower: float
    upper: float
    effort_limit: float
    velocity_limit: float
    armature: float


@dataclass(frozen=True)
class Link:
    """A rigid body; ``inertia`` is diagonal [kg m^2] in ``mass_frame``, whose origin is the centre of mass."""

    name: str
    parent: str | None
    frame: Frame
    mass: float
    mass_frame: Frame
    inertia: Vec3
    joint: Joint | None
    colliders: tuple[Collider, ...]


@dataclass(frozen=True)
class Figures:
    """The whole robot; every link stands after its parent. ``home`` maps joint name patterns to angles [rad]."""

    links: tuple[Link, ...]
    total_mass: float
    home_height: float
    home: dict[str, float]

    @property
    def joints(self) -> tuple[Joint, ...]:
        """The 29 joints, in the order of their links."""
        return tuple(link.joint for link in self.links if link.joint is not None)

    @property
    def standing_height(self) -> float:
        """Height of the pelvis [m] with straight legs; the soles are then 1 mm above the ground."""
        return self.links[0].frame.pos[2]


def _quat(values: list[float]) -> Quat:
    # The file rounds to six digits: make the quaternion unit again.
    norm = math.sqrt(sum(v * v for v in values))
    w, x, y, z = (v / norm for v in values)
    return (w, x, y, z)


def _frame(pos: list[float], quat: list[float]) -> Frame:
    x, y, z = pos
    return Frame((x, y, z), _quat(quat))


def _joint(raw: dict[str, Any]) -> Joint:
    lower, upper = raw["range"]
    limits = {key: raw[key] for key in ("effort_limit", "velocity_limit", "armature")}
    return Joint(raw["name"], "XYZ"[raw["axis"].index(1.0)], lower, upper, **limits)


def _link(raw: dict[str, Any]) -> Link:
    ixx, iyy, izz = raw["inertia_diag"]
    return Link(
        name=raw["name"],
        parent=raw["parent"],
        frame=_frame(raw["pos"], raw["quat_wxyz"]),
        mass=raw["mass"],
        mass_frame=_frame(raw["com"], raw["inertia_quat_wxyz"]),
        inertia=(ixx, iyy, izz),
        joint=_joint(raw["joint"]) if "joint" in raw else None,
        colliders=tuple(
            Collider(_frame(c["pos"], c["quat_wxyz"]), c["radius"], c.get("half_length", 0.0)) for c in raw["collision"]
        ),
    )


@functools.cache
def load_figures() -> Figures:
    """Read the figures; the result is shared, do not change it."""
    raw = json.loads(FIGURES_PATH.read_text(encoding="utf-8"))
    home = raw["home"]
    return Figures(tuple(map(_link, raw["links"])), raw["total_mass"], home["base_height"], home["joint_pos"])
