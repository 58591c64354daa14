"""What a policy's actions do, read from the action terms of a live environment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from humanoid_vla.export.graph import Affine, ExportError, Named
from humanoid_vla.runtime.bundle import Joints

HELD_SPEED, HELD_LEAD = 1.2, 0.5
"""How gently joints that are held go to where they are held [rad/s, rad]; in the simulation they begin there."""


@dataclass(frozen=True)
class Actions:
    """The part of a bundle that the action terms decide; see :class:`humanoid_vla.runtime.bundle.Bundle`."""

    action_kind: str
    commands: dict[str, list[float]]
    walks_with: dict[str, Any]
    joints: Joints
    fixed_base: bool
    filter_settings: dict[str, Any]
    keep_out: dict[str, Any]
    scaling: nn.Module
    """Actions -> targets."""


def read_actions(env: Any) -> Actions:
    """Read the action terms: joint position targets side by side, or one whose commands another policy follows.

    Raises:
        ExportError: If the terms are others.
    """
    manager = env.action_manager
    terms = {name: manager.get_term(name) for name in manager.active_terms}
    high_level = [term for term in terms.values() if hasattr(term, "low_level")]
    if high_level and len(terms) > 1:
        raise ExportError(f"a term that commands a policy must be the only one, the task has {list(terms)}")
    if high_level:
        return _commanding(env, high_level[0])
    for name, term in terms.items():
        if not hasattr(term.cfg, "max_speed"):
            raise ExportError(f"action term '{name}' is a {type(term).__name__}, which bundles do not know")
    joints = _joints(env, list(terms.values()))
    return Actions(
        action_kind="joint_position",
        commands={},
        walks_with={},
        joints=joints,
        fixed_base=_fixed_base(env, list(terms.values())),
        filter_settings={key: value for term in terms.values() for key, value in term.cfg.filter_settings.items()},
        keep_out={
            name: [list(map(float, part)) for part in box]
            for term in terms.values()
            for name, box in term.cfg.keep_out.items()
        },
        scaling=Affine(joints.default.tolist(), joints.scale.tolist(), joints.follows.tolist()),
    )


def _commanding(env: Any, term: Any) -> Actions:
    """Of a policy that tells another one how to walk: a robot walks by itself, and is told velocities."""
    cfg, low_level = term.cfg, term.low_level
    if named := getattr(cfg, "commands", None):
        commands = {name: list(map(float, command)) for name, command in named.items()}
        kind, scaling = "named", Named(list(commands.values()))
    else:
        lowest, highest = np.array(cfg.command_ranges, float).T
        commands = {"lowest": lowest.tolist(), "highest": highest.tolist()}
        kind, scaling = "velocity", Affine(0.5 * (lowest + highest), 0.5 * (highest - lowest))
    checkpoint = Path(cfg.checkpoint)
    return Actions(
        action_kind=kind,
        commands=commands,
        walks_with={
            "checkpoint": checkpoint.name,
            "sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
            "policy_dt": float(env.physics_dt * cfg.decimation),
        },
        joints=_joints(env, [low_level]),
        fixed_base=_fixed_base(env, [low_level]),
        filter_settings={},  # whoever walks keeps the robot's joints apart
        keep_out={},
        scaling=scaling,
    )


def _fixed_base(env: Any, terms: Sequence[Any]) -> bool:
    return bool(env.scene[terms[0].cfg.asset_name].is_fixed_base)


def _joints(env: Any, terms: Sequence[Any]) -> Joints:
    """The joints that terms move, one term after the other, then those of the robot that none does: they are held."""
    assets = {term.cfg.asset_name for term in terms}
    if len(assets) != 1:
        raise ExportError(f"a bundle moves one robot, the task's actions move {sorted(assets)}")
    asset = env.scene[assets.pop()]
    moved = [name for term in terms for name in term.joint_names]
    held = [name for name in asset.joint_names if name not in moved]
    units, follows, scales, speeds, leads, first = [], [], [], [], [], 0
    for term in terms:
        units += [term.unit] * len(term.joint_names)
        follows += [first + number for number in term.follows]
        scales += term.scale.double().cpu().tolist()
        speeds += [float(term.cfg.max_speed)] * len(term.joint_names)
        leads += [float(term.cfg.max_lead)] * len(term.joint_names)
        first += term.action_dim
    names, extra = [*moved, *held], len(held)
    values = _values(asset, names)
    if extra:
        _check_held(asset, held)
    return Joints(
        names=tuple(names),
        units=(*units, *["rad"] * extra),  # fingers are always moved
        follows=np.array([*follows, *[-1] * extra]),
        scale=np.array([*scales, *[0.0] * extra]),
        max_speed=np.array([*speeds, *[HELD_SPEED] * extra]),
        max_lead=np.array([*leads, *[HELD_LEAD] * extra]),
        **values,
    )


def _values(asset: Any, names: Sequence[str]) -> dict[str, np.ndarray]:
    ids, _ = asset.find_joints(list(names), preserve_order=True)
    data = asset.data

    def first(values: Any) -> np.ndarray:
        return values.torch[0, ids].double().cpu().numpy()

    limits, soft, stiffness = (
        first(values) for values in (data.joint_pos_limits, data.soft_joint_pos_limits, data.joint_stiffness)
    )
    if not (stiffness > 0.0).all():
        weak = [name for name, value in zip(names, stiffness, strict=True) if not value > 0.0]
        raise ExportError(f"the joints {weak} have no stiffness in the simulation: they follow no position targets")
    return {
        "default": first(data.default_joint_pos),
        "lower": limits[:, 0],
        "upper": limits[:, 1],
        "soft_lower": soft[:, 0],
        "soft_upper": soft[:, 1],
        "velocity_limit": first(data.joint_vel_limits),
        "effort_limit": first(data.joint_effort_limits),
        "stiffness": stiffness,
        "damping": first(data.joint_damping),
    }


def _check_held(asset: Any, held: Sequence[str]) -> None:
    """Raise an ExportError where the simulation holds joints elsewhere than at their default positions."""
    ids, _ = asset.find_joints(list(held), preserve_order=True)
    targets = asset.actuators.target_command.position.torch[0, ids]
    default = asset.data.default_joint_pos.torch[0, ids]
    if (targets - default).abs().max() > 1e-6:
        raise ExportError(f"no action moves the joints {list(held)}, and they are not held at the default posture")
