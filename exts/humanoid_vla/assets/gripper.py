"""A parallel gripper of our own in place of each of the G1's hands: two fingers that slide, made of boxes.

All figures are ours, such as small electric grippers have (a stroke of 10 cm, a grip of some 20 N); no product is
meant. The link that carries a gripper keeps its mass, which the published figures give with a rubber hand: what it
loses in rubber it has in palm, motor and rails. Only the fingers' masses are added.

A finger's joint is at 0 where its pad is at the middle, the gripper closed, and at :data:`STROKE` where it is open.
"""

from __future__ import annotations

from dataclasses import dataclass

from humanoid_vla.assets.g1_figures import Collider, Frame, Joint, Link, Vec3
from humanoid_vla.assets.g1_visuals import DARK, SHELL, Part

STROKE = 0.05
"""How far each finger opens from the middle [m]."""

FINGER_SIZE: Vec3 = (0.08, 0.012, 0.024)
"""Length, thickness and height of a finger [m], along x, y and z of the link that carries it."""

FINGER_BASE = 0.095
"""Where fingers begin, along x of the link that carries them [m]."""

GRIP_CENTRE: Vec3 = (0.150, 0.0, 0.0)
"""The point between the fingers at which things are to be held, 25 mm from their tips, in the frame of the link that
carries them [m]. The fingers point along its x axis and close along its y axis."""

FINGER_MASS = 0.03
"""[kg]"""

FINGER_DRIVE = {"effort_limit": 20.0, "velocity_limit": 0.5, "armature": 0.05}
"""Largest force of a finger [N], its velocity limit [m/s], and the mass that its motor adds [kg]."""

PALM = Collider(Frame((0.060, 0.0, 0.0), (0.7071067811865476, 0.7071067811865476, 0.0, 0.0)), 0.030, 0.025)
"""What collides of a gripper apart from its fingers: a capsule along y."""

HANDS: tuple[str, ...] = ("left_wrist_yaw_link", "right_wrist_yaw_link")
"""The links that carry grippers."""


@dataclass(frozen=True)
class Finger:
    """A finger; its frame is that of the link that carries it, moved along y."""

    link: Link
    direction: int
    """1 where it opens along the y axis, -1 where against it."""
    box: tuple[Vec3, Vec3]
    """Opposite corners in the finger's frame [m]."""


def _finger(hand: str, name: str, direction: int) -> Finger:
    length, thickness, height = FINGER_SIZE
    side = hand.split("_")[0]
    near, far = (FINGER_BASE, 0.0, -height / 2), (FINGER_BASE + length, direction * thickness, height / 2)
    inertia = tuple(
        FINGER_MASS / 12 * (a * a + b * b)
        for a, b in ((thickness, height), (length, height), (length, thickness))  # of a box
    )
    link = Link(
        name=f"{side}_gripper_{name}_link",
        parent=hand,
        frame=Frame((0.0, 0.0, 0.0)),
        mass=FINGER_MASS,
        mass_frame=Frame((FINGER_BASE + length / 2, direction * thickness / 2, 0.0)),
        inertia=inertia,  # type: ignore  (three numbers)
        joint=Joint(f"{side}_gripper_{name}_joint", "Y", 0.0, STROKE, **FINGER_DRIVE),
        colliders=(),
    )
    return Finger(link, direction, (near, far))


FINGERS: tuple[Finger, ...] = tuple(
    _finger(hand, name, direction)
    for hand, signs in zip(HANDS, ((-1, 1), (1, -1)), strict=True)
    for name, direction in zip(("inner", "outer"), signs, strict=True)
)
"""Left inner, left outer, right inner, right outer; inner is the one nearer to the robot's middle."""

GRIPPER_JOINTS: list[str] = [finger.link.joint.name for finger in FINGERS if finger.link.joint]
"""The fingers' joints in that order."""

PALM_PARTS: tuple[Part, ...] = tuple(
    part
    for hand in HANDS
    for part in (
        Part(hand, "cylinder", DARK, (0.0, 0.0, -0.027), (0.0, 0.0, 0.027), 0.022),
        Part(hand, "box", SHELL, (0.030, -0.055, -0.025), (0.092, 0.055, 0.025)),
    )
)
"""What a gripper looks like apart from its fingers."""
