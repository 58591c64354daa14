"""All that a robot must know of a policy's task, read from the live environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from humanoid_vla.export.graph import Affine, ExportError, Named
from humanoid_vla.export.terms import Figures, describe_inputs
from humanoid_vla.language.encoder import MODEL, WEIGHTS_SHA256
from humanoid_vla.runtime.bundle import CameraSpec, Input, Joints, Language


@dataclass(frozen=True)
class TaskDescription:
    """The part of a bundle that the environment decides; see :class:`humanoid_vla.runtime.bundle.Bundle`."""

    policy_dt: float
    inputs: tuple[Input, ...]
    action_kind: str
    joints: Joints
    max_speed: float
    max_lead: float
    keep_out: dict[str, Any]
    cameras: tuple[CameraSpec, ...]
    language: Language | None
    scaling: nn.Module
    """Actions -> targets."""


def describe(env: Any, groups: Sequence[str], figures: Figures) -> TaskDescription:
    """Read an environment.

    Its robots should be as they are configured, without the randomisation of a start-up: gains are read from the
    first of them.

    Args:
        env: Isaac Lab's manager-based environment.
        groups: Observation groups that the policy reads, in its order.
        figures: See :data:`humanoid_vla.export.terms.Figures`.

    Raises:
        ExportError: If something of it has no place in a bundle.
    """
    inputs = describe_inputs(env, groups, figures)
    kind, term, scaling = _action(env)
    joints, cfg = _joints(env, term), term.cfg
    if kind == "joint_position":
        scaling = Affine(joints.default.tolist(), joints.scale.tolist())
    sensors = [part.params["sensor_name"] for group in inputs for part in group.terms if "sensor_name" in part.params]
    reads_language = any(part.kind == "instruction" for group in inputs for part in group.terms)
    return TaskDescription(
        policy_dt=float(env.step_dt),
        inputs=inputs,
        action_kind=kind,
        joints=joints,
        max_speed=float(cfg.max_speed),
        max_lead=float(cfg.max_lead),
        keep_out={name: [list(map(float, part)) for part in box] for name, box in cfg.keep_out.items()},
        cameras=tuple(_camera(env, name) for name in dict.fromkeys(sensors)),
        language=_language(env) if reads_language else None,
        scaling=scaling,
    )


def _action(env: Any) -> tuple[str, Any, nn.Module]:
    """Kind of the actions, the term that moves joints, and what the targets are made with.

    Raises:
        ExportError: If there is more than one term, or one of another kind.
    """
    manager = env.action_manager
    if len(manager.active_terms) != 1:
        raise ExportError(f"a bundle has one action term, the task has {list(manager.active_terms)}")
    (name,) = manager.active_terms
    term = manager.get_term(name)
    if commands := getattr(term.cfg, "commands", None):
        return "named", term.low_level, Named(list(commands.values()))
    if ranges := getattr(term.cfg, "command_ranges", None):
        low, high = np.array(ranges, float).T
        return "velocity", term.low_level, Affine(0.5 * (low + high), 0.5 * (high - low))
    if not hasattr(term.cfg, "max_speed"):
        raise ExportError(f"action term '{name}' is a {type(term).__name__}, which bundles do not know")
    return "joint_position", term, nn.Identity()


def _joints(env: Any, term: Any) -> Joints:
    asset = env.scene[term.cfg.asset_name]
    ids, names = asset.find_joints(list(term.joint_names), preserve_order=True)
    data = asset.data

    def first(values: Any) -> np.ndarray:
        return values.torch[0, ids].double().cpu().numpy()

    limits, soft = first(data.joint_pos_limits), first(data.soft_joint_pos_limits)
    stiffness = first(data.joint_stiffness)
    if not (stiffness > 0.0).all():
        weak = [name for name, value in zip(names, stiffness, strict=True) if not value > 0.0]
        raise ExportError(f"the joints {weak} have no stiffness in the simulation: they follow no position targets")
    return Joints(
        names=tuple(names),
        default=first(data.default_joint_pos),
        scale=term.scale.double().cpu().numpy(),
        lower=limits[:, 0],
        upper=limits[:, 1],
        soft_lower=soft[:, 0],
        soft_upper=soft[:, 1],
        velocity_limit=first(data.joint_vel_limits),
        effort_limit=first(data.joint_effort_limits),
        stiffness=stiffness,
        damping=first(data.joint_damping),
    )


def _camera(env: Any, name: str) -> CameraSpec:
    camera = env.scene[name]
    cfg = camera.cfg
    if cfg.offset.convention != "world":
        raise ExportError(f"camera '{name}' is mounted in the convention '{cfg.offset.convention}'; use 'world'")
    matrix = camera.data.intrinsic_matrices.torch[0].double().tolist()
    x, y, z, w = cfg.offset.rot
    return CameraSpec(
        name=name,
        width=int(cfg.width),
        height=int(cfg.height),
        fx=matrix[0][0],
        fy=matrix[1][1],
        cx=matrix[0][2],
        cy=matrix[1][2],
        parent=cfg.prim_path.split("/")[-2],
        pos=np.array(cfg.offset.pos, float),
        quat_wxyz=np.array([w, x, y, z], float),
    )


def _language(env: Any) -> Language:
    """The sentences that the environment tells, and what they were encoded with.

    Raises:
        ExportError: If it has no command that is told in sentences.
    """
    manager = env.command_manager
    terms = [manager.get_term(name) for name in manager.active_terms]
    told = [term.instructions for term in terms if hasattr(term, "instructions")]
    if len(told) != 1:
        raise ExportError(
            f"the policy reads an instruction, and {len(told)} commands of the task are told in sentences"
        )
    table: torch.Tensor = told[0].embeddings
    return Language(MODEL, WEIGHTS_SHA256, table.shape[1], tuple(told[0].sentences), table.float().cpu().numpy())
