"""All that a robot must know of a policy's task, read from the live environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from humanoid_vla.export.actions import Actions, read_actions
from humanoid_vla.export.graph import ExportError
from humanoid_vla.export.terms import Figures, describe_inputs
from humanoid_vla.language.encoder import MODEL, WEIGHTS_SHA256
from humanoid_vla.runtime.bundle import CameraSpec, Input, Language


@dataclass(frozen=True)
class TaskDescription(Actions):
    """The part of a bundle that the environment decides; see :class:`humanoid_vla.runtime.bundle.Bundle`."""

    policy_dt: float
    inputs: tuple[Input, ...]
    cameras: tuple[CameraSpec, ...]
    language: Language | None


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
    actions = read_actions(env)
    sensors = [part.params["sensor_name"] for group in inputs for part in group.terms if "sensor_name" in part.params]
    reads_language = any(part.kind == "instruction" for group in inputs for part in group.terms)
    return TaskDescription(
        policy_dt=float(env.step_dt),
        inputs=inputs,
        **vars(actions),
        cameras=tuple(_camera(env, name) for name in dict.fromkeys(sensors)),
        language=_language(env) if reads_language else None,
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
