"""A parallel gripper of our own in place of each of the G1's hands: two fingers that slide.

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

FINGER_SIZE: Vec3 = (0.08, 0.012, 0.030)
"""Length, thickness and height of a finger [m], along x, y and z of the link that carries it."""

FINGER_BASE = 0.095
"""Where fingers begin, along x of the link that carries them [m]."""

GRIP_CENTRE: Vec3 = (0.150, 0.0, 0.0)
"""The point between the fingers at which things are to be held, 25 mm from their tips, in the frame of the link that
carries them [m]. The fingers point along its x axis and close along its y axis."""

PAD_RADIUS = 0.006
"""Radius of the spheres that touch what is held [m]."""

PAD_SIZE: tuple[float, float] = (0.014, 0.009)
"""How far their centres are from the grip centre, along x and z [m]."""

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
    """What it looks like: opposite corners in the finger's frame [m]."""


def _finger(hand: str, name: str, direction: int) -> Finger:
    length, thickness, height = FINGER_SIZE
    side = hand.split("_")[0]
    near, far = (FINGER_BASE, 0.0, -height / 2), (FINGER_BASE + length, direction * thickness, height / 2)
    ixx, iyy, izz = (
        FINGER_MASS / 12 * (a * a + b * b) for a, b in ((thickness, height), (length, height), (length, thickness))
    )
    link = Link(
        name=f"{side}_gripper_{name}_link",
        parent=hand,
        frame=Frame((0.0, 0.0, 0.0)),
        mass=FINGER_MASS,
        mass_frame=Frame((FINGER_BASE + length / 2, direction * thickness / 2, 0.0)),
        inertia=(ixx, iyy, izz),  # of a box
        joint=Joint(f"{side}_gripper_{name}_joint", "Y", 0.0, STROKE, **FINGER_DRIVE),
        colliders=(_bar(direction), *_pad(direction)),
    )
    return Finger(link, direction, (near, far))


def _bar(direction: int) -> Collider:
    """A capsule as long as the finger, 3 mm behind its pad."""
    length, thickness, _ = FINGER_SIZE
    radius = (thickness - 0.003) / 2
    middle = (FINGER_BASE + length / 2, direction * (thickness - radius), 0.0)
    along_x = (0.7071067811865476, 0.0, 0.7071067811865476, 0.0)
    return Collider(Frame(middle, along_x), radius, length / 2 - radius)


def _pad(direction: int) -> tuple[Collider, ...]:
    """Four spheres around the grip centre. A box would touch what it holds in one point, most of the time."""
    x, _, _ = GRIP_CENTRE
    return tuple(
        Collider(Frame((x + along, direction * PAD_RADIUS, across)), PAD_RADIUS)
        for along in (-PAD_SIZE[0], PAD_SIZE[0])
        for across in (-PAD_SIZE[1], PAD_SIZE[1])
    )


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
