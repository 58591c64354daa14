"""The observation groups of a live environment, as a bundle tells them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from humanoid_vla.export.graph import ExportError
from humanoid_vla.runtime.bundle import Input, Term

UNITS = {
    "joint_pos": "rad",
    "joint_pos_rel": "rad",
    "joint_vel": "rad/s",
    "joint_vel_rel": "rad/s",
    "joint_target_rel": "rad",
    "last_action": "1",
    "base_lin_vel": "m/s",
    "base_ang_vel": "rad/s",
    "projected_gravity": "1",
    "generated_commands": "1",
    "instruction": "1",
    "touch_geometry": "m",
    "hand_to_goal": "m",
    "grip_geometry": "m",
    "grip_to_goal": "m",
    "held_time": "s",
    "gait_clock": "1",
    "turning_speed": "rad/s",
    "landmark_positions": "m, 1, 1",
    "goal_position": "m, 1, 1",
    "camera_rgb": "1",
    "camera_depth": "m",
}
"""Unit of what an observation function returns; several where its numbers come in rows of so many."""

Figures = Callable[[Any, Any], Mapping[str, Any]]
"""(environment, configuration of an observation term) -> what else decides its numbers; its ``unit``, if it decides."""


def describe_inputs(env: Any, groups: Sequence[str], figures: Figures) -> tuple[Input, ...]:
    """The observation groups that a policy reads.

    Args:
        env: Isaac Lab's manager-based environment.
        groups: Their names, in the policy's order.
        figures: See :data:`Figures`.

    Raises:
        ExportError: If a group is changed between its functions and the policy in a way that a robot could not repeat.
    """
    return tuple(_input(env, group, figures) for group in groups)


def _input(env: Any, group: str, figures: Figures) -> Input:
    manager = env.observation_manager
    if not manager.group_obs_concatenate[group]:
        raise ExportError(f"observation group '{group}' is not one tensor; set its concatenate_terms")
    names, sizes = manager.active_terms[group], manager.group_obs_term_dim[group]
    cfgs = [_term_cfg(env, group, name) for name in names]
    histories = {cfg.history_length for cfg in cfgs}
    if len(histories) != 1:
        raise ExportError(f"the terms of observation group '{group}' have different histories: {sorted(histories)}")
    terms, start = [], 0
    for name, size, cfg in zip(names, sizes, cfgs, strict=True):
        params = term_params(env, f"{group}/{name}", cfg) | _plain_all(figures(env, cfg), f"{group}/{name}", env)
        kind = cfg.func.__name__ if hasattr(cfg.func, "__name__") else type(cfg.func).__name__
        unit = str(params.pop("unit", UNITS.get(kind, "")))
        terms.append(Term(name, kind, start, start + int(size[-1]), unit, params))
        start = terms[-1].stop
    value = manager.compute_group(group)
    return Input(
        name=group,
        dtype="uint8" if value.dtype == torch.uint8 else "float32",
        shape=tuple(int(size) for size in value.shape[1:]),
        history=max(1, *histories),
        terms=tuple(terms),
    )


def _term_cfg(env: Any, group: str, name: str) -> Any:
    """The configuration of a term as the manager resolved it.

    Raises:
        ExportError: If it changes its function's numbers.
    """
    manager = env.observation_manager
    cfg = manager._group_obs_term_cfgs[group][manager.active_terms[group].index(name)]  # it has no public way
    for setting in ("modifiers", "clip", "scale"):
        if getattr(cfg, setting, None) is not None:
            raise ExportError(f"observation term '{group}/{name}' has {setting}, which bundles do not know; remove it")
    if cfg.history_length and not cfg.flatten_history_dim:
        raise ExportError(f"observation term '{group}/{name}' keeps its history apart; set flatten_history_dim")
    return cfg


def term_params(env: Any, name: str, cfg: Any) -> dict[str, Any]:
    """A term's parameters, its function's defaults included, as plain values; entities by the names they picked."""
    signature = inspect.signature(cfg.func)
    defaults = {key: p.default for key, p in signature.parameters.items() if p.default is not inspect.Parameter.empty}
    given = {key: value for key, value in {**defaults, **cfg.params}.items() if key != "out" and value is not None}
    params = _plain_all(given, name, env)
    robot = params.pop("asset_cfg", None)
    return params if robot is None else {"asset": robot.pop("name"), **robot, **params}


def _plain_all(values: Mapping[str, Any], name: str, env: Any) -> dict[str, Any]:
    return {str(key): plain(value, f"{name}, {key}", env) for key, value in values.items()}


def plain(value: Any, name: str, env: Any) -> Any:
    """What JSON can hold.

    Raises:
        ExportError: If it cannot hold this.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return _plain_all(value, name, env)
    if isinstance(value, list | tuple):
        return [plain(entry, name, env) for entry in value]
    if hasattr(value, "joint_ids") and hasattr(value, "body_ids"):
        return _entity(value, env)
    raise ExportError(f"the parameter {name} is {value!r}, which a bundle cannot hold")


def _entity(entity: Any, env: Any) -> dict[str, Any]:
    """What a term picked of the scene; all of it where it picked nothing."""
    asset, ids = env.scene[entity.name], {"joint": entity.joint_ids, "body": entity.body_ids}
    # the ids of a choice that is everything are a slice
    picked_ids = {kind: value for kind, value in ids.items() if not isinstance(value, slice)}
    chosen = [kind for kind in ids if kind in picked_ids or getattr(entity, f"{kind}_names") is not None]
    picked: dict[str, Any] = {"name": entity.name}
    for kind in chosen or ids:
        names = getattr(asset, f"{kind}_names", [])
        if names:
            picked[f"{kind}_names"] = [names[int(index)] for index in picked_ids.get(kind, range(len(names)))]
    return picked
