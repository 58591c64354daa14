"""What a model in MuJoCo can have otherwise: to see which differences between simulators a policy minds."""
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mujoco

from common import InputError
from humanoid_vla.assets.g1_figures import load_figures
from reach_scene import HAND_BODIES


def scale_gains(model: Any, factor: float) -> None:
    """Stiffness and damping of all motors times a factor."""
    model.actuator_gainprm[:, 0] *= factor
    model.actuator_biasprm[:, 1:3] *= factor


def scale_friction(model: Any, factor: float) -> None:
    """Dry friction of all joints times a factor."""
    model.dof_frictionloss[:] *= factor


def scale_armature(model: Any, factor: float) -> None:
    """The armature of the figures that the policy was trained with, times a factor, in place of the file's."""
    have = {model.joint(number).name for number in range(model.njnt)}
    for joint in load_figures().joints:
        if joint.name in have:
            model.dof_armature[model.joint(joint.name).dofadr[0]] = factor * joint.armature


def add_payload(model: Any, mass: float) -> None:
    """Each wrist carries so much more [kg]."""
    for name in HAND_BODIES:
        model.body_mass[model.body(name).id] += mass
    mujoco.mj_setConst(model, mujoco.MjData(model))


def scale_gravity(model: Any, factor: float) -> None:
    """Gravity times a factor."""
    model.opt.gravity[:] *= factor


def keep_collisions(model: Any, share: float) -> None:
    """Nothing collides with anything where this is 0."""
    if share == 0.0:
        model.geom_contype[:] = model.geom_conaffinity[:] = 0


VARIATIONS: dict[str, Callable[[Any, float], None]] = {
    "gains": scale_gains,
    "friction": scale_friction,
    "armature": scale_armature,
    "payload": add_payload,
    "gravity": scale_gravity,
    "collisions": keep_collisions,
}
"""By name."""


def vary(model: Any, pairs: Sequence[str]) -> None:
    """Change a model as pairs such as "gains=0.7" say.

    Raises:
        InputError: A pair is none, or names nothing that is known.
    """
    for pair in pairs:
        name, _, number = pair.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if name not in VARIATIONS or not 0.0 <= value < float("inf"):
            known = ", ".join(f"{name}=NUMBER" for name in VARIATIONS)
            raise InputError(f"--vary '{pair}' is unknown; give {known}, and numbers that are not negative")
        VARIATIONS[name](model, value)
