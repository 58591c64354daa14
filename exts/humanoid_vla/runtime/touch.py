"""Where the hands are and how far from the objects, from joint positions alone: NumPy's side of the task's touching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.safety.backend import NumpyBackend
from humanoid_vla.safety.kinematics import Kinematics
from humanoid_vla.safety.robot import make_robot


@dataclass(frozen=True)
class Hands:
    """What stands for the hands and the objects: capsules and balls.

    Raises:
        ValueError: If shapes or numbers make no sense.
    """

    bodies: tuple[str, ...]
    """Links that carry the hands, h of them."""
    ends: np.ndarray
    """Both ends of each hand's axis in the frame of its link [m], shape (h, 2, 3)."""
    radius: float
    """Of the hands [m]."""
    object_radius: float
    """Of the ball that stands for any object [m]."""

    def __post_init__(self) -> None:
        if self.ends.shape != (len(self.bodies), 2, 3) or not np.isfinite(self.ends).all():
            raise ValueError(f"hand_capsules must be two finite points for each of {list(self.bodies)}")
        if not (0.0 < self.radius < 1.0 and 0.0 < self.object_radius < 1.0):
            raise ValueError(f"hand_radius {self.radius} and object_radius {self.object_radius} must be in (0, 1) m")


def read_hands(params: dict[str, Any]) -> Hands:
    """The hands of a term's parameters in a bundle.

    Raises:
        ValueError: If one is missing or makes no sense.
    """
    try:
        return Hands(
            tuple(params["hand_bodies"]),
            np.array(params["hand_capsules"], dtype=float),
            float(params["hand_radius"]),
            float(params["object_radius"]),
        )
    except KeyError as error:
        raise ValueError(f"the parameter {error} is missing; export again") from None


class HandKinematics:
    """Where the hands are, from joint positions and the robot's figures.

    Args:
        joint_names: Joints whose positions are given, in their order; all others stand at zero. The fingers of
            grippers may be among them.
        bodies: Links that carry the hands, h of them.
        ends: Two points of each in the frame of its link [m], (h, 2, 3).

    Raises:
        ValueError: If the robot has no such hand.
    """

    def __init__(self, joint_names: Sequence[str], bodies: Sequence[str], ends: np.ndarray) -> None:
        figures = load_figures()
        joints = {link.name: link.joint.name for link in figures.links if link.joint is not None}
        known = [number for number, name in enumerate(joint_names) if name in joints.values()]
        names = [joint_names[number] for number in known]
        moved = [joints.get(body) for body in bodies]
        if missing := [body for body, joint in zip(bodies, moved, strict=True) if joint not in names]:
            raise ValueError(f"the hands {missing} hang on no joint of this policy, which has {list(joint_names)}")
        robot = make_robot(figures, names, np.ones(len(names)), np.ones(len(names)), {})
        frames = np.array([names.index(str(joint)) for joint in moved])
        only_hands = replace(
            robot,
            capsule_names=tuple(bodies),
            capsule_frames=frames,
            capsule_ends=ends,
            capsule_radii=np.zeros(len(frames)),
        )
        self._known = slice(None) if len(known) == len(joint_names) else np.array(known)
        self._kinematics = Kinematics(only_hands, NumpyBackend())

    def segments(self, joint_pos: np.ndarray) -> np.ndarray:
        """Both points of each hand in the pelvis frame [m], (hands, 2, 3), for joint positions [rad], (n,)."""
        capsules = self._kinematics.posture(joint_pos[None, self._known]).capsules[0]  # (6, hands)
        return capsules.T.reshape(-1, 2, 3)


def hand_clearance(segments: np.ndarray, centres: np.ndarray, hands: Hands) -> np.ndarray:
    """Gap between each hand's surface and each object's [m], shape (hands, objects); negative inside.

    Args:
        segments: Both ends of each hand's axis [m], shape (hands, 2, 3).
        centres: Of the objects, in the same frame [m], shape (objects, 3).
        hands: Their sizes.
    """
    start, axis = segments[:, :1], segments[:, 1:] - segments[:, :1]  # (hands, 1, 3)
    # position of the closest point along the axis: clamp(((p - a) . d) / (d . d), 0, 1)
    along = ((centres - start) * axis).sum(-1, keepdims=True) / (axis * axis).sum(-1, keepdims=True)
    nearest = start + along.clip(0.0, 1.0) * axis
    return np.linalg.norm(centres - nearest, axis=-1) - hands.radius - hands.object_radius
