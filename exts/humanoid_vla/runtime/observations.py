"""What a policy reads, from what a robot measures: the task's observation terms once more, in NumPy.

A bundle names the terms by the functions that the task computed them with. Each has a small maker here, which reads the
term's parameters once and returns the function that writes its part of a group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .pictures import Shrink
from .touch import HandKinematics, hand_clearance, read_hands

if TYPE_CHECKING:
    from .bundle import Bundle, Input, Term


VALUES = ("held_time", "base_lin_vel", "base_ang_vel", "projected_gravity")
"""Terms that are given as they are, as values of their names; the last three in the frame of the robot's base."""


class ObservationError(ValueError):
    """A term that cannot be computed, or something that is missing to do it: one line that names it."""


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


Write = Callable[[Measurement, np.ndarray], None]
"""Writes a term into its part of a group: (size,) floats, or a picture."""


class ObservationBuilder:
    """Builds the observation groups that a policy reads, always in the same memory.

    Args:
        bundle: The policy's.

    Raises:
        ObservationError: If the bundle has a term that is unknown here, or parameters that make no sense.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.cameras: tuple[str, ...] = _names(bundle, "camera_rgb", "sensor_name")
        """Cameras whose pictures are read."""
        self.values: tuple[str, ...] = tuple(dict.fromkeys(_values_read(bundle)))
        """Privileged values that are read."""
        self.reads_instruction: bool = any(term.kind == "instruction" for term in _terms(bundle))
        """Whether an instruction is read."""
        self._groups = {group.name: np.zeros((1, *group.shape), group.dtype) for group in bundle.inputs}
        self._writers = [write for group in bundle.inputs for write in self._prepare(bundle, group)]

    def build(
        self,
        joint_pos: np.ndarray,
        joint_vel: np.ndarray,
        target: np.ndarray,
        last_action: np.ndarray,
        embedding: np.ndarray | None,
        images: Mapping[str, np.ndarray],
        values: Mapping[str, np.ndarray],
    ) -> dict[str, np.ndarray]:
        """The groups by name, (1, ...) each; the next call overwrites them. Arguments as in :class:`Measurement`.

        Raises:
            ObservationError: If an instruction, a picture or a value is missing or has another shape.
        """
        measured = Measurement(joint_pos, joint_vel, target, last_action, embedding, images, values)
        for name, write, part in self._writers:
            try:
                write(measured, part)
            except (ValueError, KeyError) as error:
                raise ObservationError(f"{name}: {_why(error)}") from None
        return self._groups

    def _prepare(self, bundle: Bundle, group: Input) -> list[tuple[str, Write, np.ndarray]]:
        if group.history > 1:
            raise ObservationError(f"{group.name}: a history of {group.history} steps is not supported")
        memory, writers = self._groups[group.name][0], []
        for term in group.terms:
            name = f"{group.name}/{term.name}"
            if term.kind not in MAKERS:
                raise ObservationError(f"{name} is a '{term.kind}', which is unknown; known: {', '.join(MAKERS)}")
            part = memory if memory.ndim == 3 else memory[term.start : term.stop]
            try:
                write = MAKERS[term.kind](bundle, term, part.shape)
            except (ValueError, KeyError) as error:
                raise ObservationError(f"{name}: {_why(error)}") from None
            writers.append((name, write, part))
        return writers


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
    kinematics, origin = HandKinematics(bundle.joints.names, hands), _pelvis_pos(term)
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
    kinematics, objects = HandKinematics(bundle.joints.names, hands), len(term.params["object_names"])

    def write(measured: Measurement, out: np.ndarray) -> None:
        centres = _shaped(measured.values["object_positions"], (objects, 3))
        told = _shaped(measured.values[command], (objects + len(hands.bodies),))  # one-hot object, one-hot hand
        palm = kinematics.segments(measured.joint_pos)[told[objects:].argmax()].mean(axis=0)
        np.subtract(centres[told[:objects].argmax()], palm, out=out, casting="same_kind")

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
    **dict.fromkeys(VALUES, _value),
}
"""By kind of term, which is the name of the task's function."""


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


def _pelvis_pos(term: Term) -> np.ndarray:
    pos = np.array(term.params["pelvis_pos"], dtype=float)
    if pos.shape != (3,) or not np.isfinite(pos).all():
        raise ValueError(f"pelvis_pos must be three finite numbers [m], got {pos.tolist()}")
    return pos


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if values.shape != shape:
        raise ValueError(f"expected shape {shape}, got {values.shape}")
    return values


def _terms(bundle: Bundle) -> list[Term]:
    return [term for group in bundle.inputs for term in group.terms]


def _names(bundle: Bundle, kind: str, param: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(term.params.get(param)) for term in _terms(bundle) if term.kind == kind))


def _values_read(bundle: Bundle) -> list[str]:
    read = list(_names(bundle, "generated_commands", "command_name") + _names(bundle, "hand_to_goal", "command_name"))
    for term in _terms(bundle):
        if term.kind in ("touch_geometry", "hand_to_goal"):
            read.append("object_positions")
        elif term.kind in VALUES:
            read.append(term.kind)
    return read


def _why(error: ValueError | KeyError) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
