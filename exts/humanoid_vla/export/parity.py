"""Does the exported graph do what the network does? Both on recorded observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from humanoid_vla.export.graph import ExportError
from humanoid_vla.runtime.bundle import State

BATCHES = (1, 3, 64)
MAX_ABS_ERROR = 1e-5
"""Of actions in [-1, 1], of targets [rad] and of states."""
MIN_COSINE = 0.9999
MOST_RUNS = 8
"""Recordings played with each batch, at most."""

Recording = Mapping[str, torch.Tensor]
"""Observation group -> what robots saw step by step, (steps, robots, ...)."""


@dataclass
class Agreement:
    """How well two sets of numbers agree."""

    max_abs_error: float = 0.0
    cosine: float = 1.0
    """Of the worst row."""
    not_finite: int = 0
    """Numbers that are NaN or infinite, on either side."""
    rows: int = 0

    def add(self, ours: np.ndarray, theirs: np.ndarray) -> None:
        """Compare (batch, ...) numbers."""
        ours, theirs = (values.reshape(len(values), -1).astype(np.float64) for values in (ours, theirs))
        if ours.shape != theirs.shape:
            raise ExportError(f"the graph gives an output of shape {theirs.shape}, the network of {ours.shape}")
        self.not_finite += int((~np.isfinite(ours)).sum() + (~np.isfinite(theirs)).sum())
        self.rows += len(ours)
        with np.errstate(invalid="ignore"):
            errors = np.nan_to_num(np.abs(ours - theirs), nan=np.inf)
            lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
            told = lengths > 1e-12  # rows of zeros have no direction
            cosines = (ours * theirs).sum(axis=1)[told] / lengths[told]
        self.max_abs_error = max(self.max_abs_error, float(errors.max()))
        self.cosine = min(self.cosine, float(np.nan_to_num(cosines, nan=-1.0).min(initial=1.0)))

    def holds(self) -> bool:
        """Whether the bars are kept."""
        return not self.not_finite and self.max_abs_error <= MAX_ABS_ERROR and self.cosine >= MIN_COSINE


def check_parity(
    policy: Any, scaling: nn.Module, content: bytes, states: Sequence[State], recording: Recording
) -> dict[str, Any]:
    """Play recordings to a policy and to its graph in ONNX Runtime, on one CPU thread, with batches of 1, 3 and 64.

    Args:
        policy: On the CPU, in evaluation mode; called with observation groups.
        scaling: Actions -> targets.
        content: The ONNX file.
        states: Of the graph.
        recording: At least one robot; where there are fewer than a batch needs, they are repeated.

    Returns:
        What goes into ``parity.json``.

    Raises:
        ExportError: If they differ by more than the bars.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    batches = {batch: _play(policy, scaling, session, states, recording, batch) for batch in BATCHES}
    report = {
        "engine": f"onnxruntime {onnxruntime.__version__}, CPU",
        "reference": f"torch {torch.__version__}, CPU, float32",
        "max_abs_error_allowed": MAX_ABS_ERROR,
        "cosine_required": MIN_COSINE,
        "batches": {
            str(batch): {name: vars(agreement) for name, agreement in outputs.items()}
            for batch, outputs in batches.items()
        },
    }
    for batch, outputs in batches.items():
        for name, agreement in outputs.items():
            if not agreement.holds():
                raise ExportError(
                    f"the graph differs from the network: '{name}' with batch {batch} by"
                    f" {agreement.max_abs_error:.2e} (at most {MAX_ABS_ERROR:.0e}), cosine {agreement.cosine:.6f} (at"
                    f" least {MIN_COSINE}), {agreement.not_finite} numbers not finite; nothing was written"
                )
    return report


def worst(report: Mapping[str, Any]) -> tuple[float, float]:
    """Largest error and smallest cosine of what :func:`check_parity` returned."""
    found = [agreement for outputs in report["batches"].values() for agreement in outputs.values()]
    return max(one["max_abs_error"] for one in found), min(one["cosine"] for one in found)


@torch.inference_mode()
def _play(
    policy: Any, scaling: nn.Module, session: Any, states: Sequence[State], recording: Recording, batch: int
) -> dict[str, Agreement]:
    steps, robots = next(iter(recording.values())).shape[:2]
    outputs = [output.name for output in session.get_outputs()]
    agreements = {name: Agreement() for name in ("actions", "targets")}
    for run in range(min(MOST_RUNS, max(1, robots // batch))):
        rows = torch.arange(run * batch, (run + 1) * batch) % robots
        policy.reset()
        carried = {state.name: np.repeat(state.initial[None], batch, axis=0) for state in states}
        for step in range(steps):
            obs = {group: values[step, rows] for group, values in recording.items()}
            found = session.run(outputs, {**{group: value.numpy() for group, value in obs.items()}, **carried})
            found = dict(zip(outputs, found, strict=True))
            carried = {state.name: found[state.output] for state in states}
            # what the policy would do next, or all it plans: what it makes of overlapping plans is not in the graph
            actions = policy.plan(obs).squeeze(1) if hasattr(policy, "plan") else policy(as_groups(obs, batch))
            actions = actions.clamp(-1.0, 1.0)
            agreements["actions"].add(actions.numpy(), found["actions"])
            agreements["targets"].add(scaling(actions).numpy(), found["targets"])
    return agreements


def as_groups(obs: dict[str, torch.Tensor], batch: int) -> Any:
    """Observation groups as RSL-RL's networks want them."""
    from tensordict import TensorDict

    return TensorDict(dict(obs), batch_size=[batch])
