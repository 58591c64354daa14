"""Does a bundle belong to an environment? What differs, by name."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from humanoid_vla.export.describe import describe
from humanoid_vla.export.graph import ExportError
from humanoid_vla.export.terms import Figures
from humanoid_vla.runtime.bundle import Bundle

MOST_TOLD = 4
"""Differences that are told; one difference often brings more."""
TOLERANCE = 1e-6
"""Of numbers, relative above 1: what float32 keeps of them."""


def check_bundle(bundle: Bundle, env: Any, figures: Figures) -> None:
    """Compare all that a bundle says of its task with an environment.

    Gains are left out: environments randomise them.

    Args:
        bundle: What was exported.
        env: Isaac Lab's manager-based environment.
        figures: See :data:`humanoid_vla.export.terms.Figures`.

    Raises:
        ExportError: If something differs; one line that says what.
    """
    known = env.observation_manager.active_terms
    if missing := [group.name for group in bundle.inputs if group.name not in known]:
        raise ExportError(f"the bundle reads the observation groups {missing}, which the task does not have")
    task = describe(env, [group.name for group in bundle.inputs], figures)
    parts = ("policy_dt", "inputs", "action_kind", "commands", "walks_with", "joints", "fixed_base")
    parts += ("filter_settings", "keep_out", "cameras")
    ours, theirs = ({part: _values(getattr(one, part)) for part in parts} for one in (bundle, task))
    for one, values in ((bundle, ours), (task, theirs)):
        values["joints"] = {
            key: value for key, value in values["joints"].items() if key not in ("stiffness", "damping")
        }
        values["encoder"] = one.language and (one.language.encoder, one.language.weights_sha256, one.language.dim)
    if found := differences(ours, theirs):
        more = f"; and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
        raise ExportError(f"the bundle is of another task or robot: {'; '.join(found[:MOST_TOLD])}{more}")


def _values(part: Any) -> Any:
    """Of dataclasses, dictionaries; lists of what has a name by their names."""
    if isinstance(part, tuple):
        return {entry.name: _values(entry) for entry in part}
    if not hasattr(part, "__dataclass_fields__"):
        return part
    values = asdict(part)
    return values | {"terms": _values(part.terms)} if "terms" in values else values


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """What differs between two nested descriptions, a line each: "joints.default.3 is 0.1 in the bundle, 0.2 here".

    Args:
        ours: The bundle's.
        theirs: The environment's.
        path: Where in the whole they stand.
    """
    ours, theirs = (value.tolist() if isinstance(value, np.ndarray) else value for value in (ours, theirs))
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        keys = dict.fromkeys([*ours, *theirs])
        parts = [(ours.get(key), theirs.get(key), f"{path}.{key}" if path else str(key)) for key in keys]
        return [line for part in parts for line in differences(*part)]
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [line for index, pair in pairs for line in differences(*pair, f"{path}.{index}")]
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        same = abs(ours - theirs) <= TOLERANCE * max(1.0, abs(ours))
    else:
        same = ours == theirs
    return [] if same else [f"{path} is {reprlib.repr(ours)} in the bundle, {reprlib.repr(theirs)} here"]
