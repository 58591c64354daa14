"""A policy's observation terms, by the names of the functions that the tasks compute them with.

Each has a small maker here, which reads the term's parameters once and returns the function that writes its part of a
group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .pictures import Shrink
from .touch import HandKinematics, hand_clearance, read_hands

if TYPE_CHECKING:
    from .bundle import Bundle, Term

VALUES = ("held_time", "base_lin_vel", "base_ang_vel", "projected_gravity")
"""Terms that are given as they are, as values of their names; the last three in the frame of the robot's base."""


@dataclass
class Measurement:
    """What terms are computed from; n joints in the bundle's order."""

    joint_pos: np.ndarray
    """(n,) [rad]"""
    joint_vel: np.ndarray
    """(n,) [rad/s]"""
    target: np.ndarray
    """Joint position targets, (n,) [rad]."""
    last_action: np.ndarray
    """What the policy said last, in [-1, 1], shape (num_actions,)."""
    embedding: np.ndarray | None
    """Of the instruction, shape (dim,)."""
    images: Mapping[str, np.ndarray]
    """Camera -> picture, (H, W, 3) uint8 of any size."""
    values: Mapping[str, np.ndarray]
    """Privileged values; positions in the pelvis frame [m]."""
    time: float
    """Since the policy began, in whole steps of it [s]."""


Write = Callable[[Measurement, np.ndarray], None]
"""Writes a term into its part of a group: (size,) floats, or a picture."""


def _joint_pos_rel(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    ids, default = _joints(bundle, term, shape)

    def write(measured: Measurement, out: np.ndarray) -> None:
        np.subtract(measured.joint_pos[ids], default, out=out, casting="same_kind")

    return write


def _joint_vel_rel(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    ids, _ = _joints(bundle, term, shape)  # joints stand still by default

    def write(measured: Measurement, out: np.ndarray) -> None:
        out[:] = measured.joint_vel[ids]

    return write


def _joint_target_rel(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    ids, default = _joints(bundle, term, shape)

    def write(measured: Measurement, out: np.ndarray) -> None:
        np.subtract(measured.target[ids], default, out=out, casting="same_kind")

    return write


def _last_action(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    def write(measured: Measurement, out: np.ndarray) -> None:
        out[:] = _shaped(measured.last_action, shape)

    return write


def _instruction(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    def write(measured: Measurement, out: np.ndarray) -> None:
        if measured.embedding is None:
            raise ValueError("no instruction was given")
        out[:] = _shaped(measured.embedding, shape)

    return write


def _camera_rgb(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    camera, shrink = term.params["sensor_name"], Shrink(*shape[:2])

    def write(measured: Measurement, out: np.ndarray) -> None:
        shrink(measured.images[camera], out)

    return write


def _generated_commands(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    command = term.params["command_name"]

    def write(measured: Measurement, out: np.ndarray) -> None:
        out[:] = _shaped(measured.values[command], shape)

    return write


def _value(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    def write(measured: Measurement, out: np.ndarray) -> None:
        out[:] = _shaped(measured.values[term.kind], shape)

    return write


def _touch_geometry(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    hands = read_hands(term.params)
    kinematics = HandKinematics(bundle.joints.names, hands.bodies, hands.ends)
    origin = _pelvis_pos(term)
    objects, palms = len(term.params["object_names"]), 3 * len(hands.bodies)
    size = 3 * objects + palms + len(hands.bodies) * objects
    if shape != (size,):
        raise ValueError(f"{objects} objects and {len(hands.bodies)} hands make {size} numbers, not {shape}")

    def write(measured: Measurement, out: np.ndarray) -> None:
        centres = _shaped(measured.values["object_positions"], (objects, 3))
        segments = kinematics.segments(measured.joint_pos)
        # in the environment's frame, which the policy was trained in
        out[: 3 * objects] = (centres + origin).ravel()
        out[3 * objects : 3 * objects + palms] = (segments.mean(axis=1) + origin).ravel()
        out[3 * objects + palms :] = hand_clearance(segments, centres, hands).ravel()

    return write


def _hand_to_goal(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    hands, command = read_hands(term.params), term.params["command_name"]
    kinematics = HandKinematics(bundle.joints.names, hands.bodies, hands.ends)
    objects = len(term.params["object_names"])

    def write(measured: Measurement, out: np.ndarray) -> None:
        centres = _shaped(measured.values["object_positions"], (objects, 3))
        told = _shaped(measured.values[command], (objects + len(hands.bodies),))  # one-hot object, one-hot hand
        palm = kinematics.segments(measured.joint_pos)[told[objects:].argmax()].mean(axis=0)
        np.subtract(centres[told[:objects].argmax()], palm, out=out, casting="same_kind")

    return write


def _grip_geometry(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    grips_at, origin, objects = _grips(bundle, term), _pelvis_pos(term), len(term.params["object_names"])

    def write(measured: Measurement, out: np.ndarray) -> None:
        centres, grips = _shaped(measured.values["object_positions"], (objects, 3)), grips_at(measured.joint_pos)
        distances = np.linalg.norm(centres - grips[:, None], axis=-1)  # (hands, objects)
        out[:] = _shaped(
            np.concatenate([(centres + origin).ravel(), (grips + origin).ravel(), distances.ravel()]), shape
        )

    return write


def _grip_to_goal(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    grips_at, command, objects = _grips(bundle, term), term.params["command_name"], len(term.params["object_names"])

    def write(measured: Measurement, out: np.ndarray) -> None:
        centres = _shaped(measured.values["object_positions"], (objects, 3))
        told = measured.values[command]  # one-hot: the object to lift or, after the last, to let go; then the hand
        grip = grips_at(measured.joint_pos)[told[objects + 1 :].argmax()]
        goal = told[: objects + 1].argmax()
        if goal == objects:  # what it is to let go of is in the gripper
            goal = np.linalg.norm(centres - grip, axis=-1).argmin()
        np.subtract(centres[goal], grip, out=out, casting="same_kind")

    return write


def _gait_clock(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    speed = 2.0 * np.pi / float(term.params["period"])

    def write(measured: Measurement, out: np.ndarray) -> None:
        out[:] = np.sin(speed * measured.time), np.cos(speed * measured.time)

    return write


def _turning_speed(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    def write(measured: Measurement, out: np.ndarray) -> None:
        out[:] = -_shaped(measured.values["base_ang_vel"], (3,)) @ _shaped(measured.values["projected_gravity"], (3,))

    return write


def _landmark_positions(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> Write:
    def write(measured: Measurement, out: np.ndarray) -> None:
        offsets = _shaped(measured.values["object_positions"], (shape[0] // 3, 3))
        up = -_shaped(measured.values["projected_gravity"], (3,))
        # ahead and to the left, level: a frame that turns with the robot about the vertical only
        ahead = np.array([1.0, 0.0, 0.0]) - up[0] * up
        ahead /= np.linalg.norm(ahead)
        x, y = offsets @ ahead, offsets @ np.cross(up, ahead)
        distance = np.hypot(x, y)
        out[:] = np.stack([distance, x / distance, y / distance], axis=-1).ravel()

    return write


MAKERS: dict[str, Callable[[Bundle, Term, tuple[int, ...]], Write]] = {
    "joint_pos_rel": _joint_pos_rel,
    "joint_vel_rel": _joint_vel_rel,
    "joint_target_rel": _joint_target_rel,
    "last_action": _last_action,
    "instruction": _instruction,
    "camera_rgb": _camera_rgb,
    "touch_geometry": _touch_geometry,
    "generated_commands": _generated_commands,
    "hand_to_goal": _hand_to_goal,
    "grip_geometry": _grip_geometry,
    "grip_to_goal": _grip_to_goal,
    "gait_clock": _gait_clock,
    "turning_speed": _turning_speed,
    "landmark_positions": _landmark_positions,
    **dict.fromkeys(VALUES, _value),
}
"""By kind of term, which is the name of the task's function."""


READ: dict[str, tuple[str, ...]] = {
    "touch_geometry": ("object_positions",),
    "hand_to_goal": ("object_positions",),
    "grip_geometry": ("object_positions",),
    "grip_to_goal": ("object_positions",),
    "turning_speed": ("base_ang_vel", "projected_gravity"),
    "landmark_positions": ("object_positions", "projected_gravity"),
    **{name: (name,) for name in VALUES},
}
"""Values that a kind of term reads, beside its command."""


def values_of(term: Term) -> list[str]:
    """The values that a term reads."""
    told = term.kind in ("generated_commands", "hand_to_goal", "grip_to_goal")
    return [*([str(term.params.get("command_name"))] if told else []), *READ.get(term.kind, ())]


def _joints(bundle: Bundle, term: Term, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Places of a term's joints among the bundle's, and their default positions [rad]."""
    known = bundle.joints.names
    names = term.params.get("joint_names", known)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"the policy has no joints {unknown}; it has {list(known)}")
    if shape != (len(names),):
        raise ValueError(f"{len(names)} joints do not fill a part of shape {shape}")
    ids = np.array([known.index(name) for name in names])
    return ids, bundle.joints.default[ids]


def _grips(bundle: Bundle, term: Term) -> Callable[[np.ndarray], np.ndarray]:
    """From joint positions to the points between the fingers of each gripper in the pelvis frame [m], (hands, 3)."""
    bodies, centre = term.params["hand_bodies"], np.array(term.params["grip_centre"], dtype=float)
    if centre.shape != (3,) or not np.isfinite(centre).all():
        raise ValueError(f"grip_centre must be three finite numbers [m], got {centre.tolist()}")
    kinematics = HandKinematics(bundle.joints.names, bodies, np.tile(centre, (len(bodies), 2, 1)))
    return lambda joint_pos: kinematics.segments(joint_pos)[:, 0]


def _pelvis_pos(term: Term) -> np.ndarray:
    pos = np.array(term.params["pelvis_pos"], dtype=float)
    if pos.shape != (3,) or not np.isfinite(pos).all():
        raise ValueError(f"pelvis_pos must be three finite numbers [m], got {pos.tolist()}")
    return pos


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if values.shape != shape:
        raise ValueError(f"expected shape {shape}, got {values.shape}")
    return values
