"""Does the exported graph do what the network does? Both on recorded observations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tensordict import TensorDict
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
Run = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]


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
    outputs = [output.name for output in session.get_outputs()]

    def run(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        values: Any = session.run(outputs, dict(inputs))
        return dict(zip(outputs, values, strict=True))

    found = play_both(policy, scaling, run, states, recording)
    for batch, agreements in found.items():
        for name, agreement in agreements.items():
            if not agreement.holds():
                raise ExportError(
                    f"the graph differs from the network: '{name}' with batch {batch} by"
                    f" {agreement.max_abs_error:.2e} (at most {MAX_ABS_ERROR:.0e}), cosine {agreement.cosine:.6f} (at"
                    f" least {MIN_COSINE}), {agreement.not_finite} numbers not finite; nothing was written"
                )
    return {
        "engine": f"onnxruntime {onnxruntime.__version__}, CPU",
        "reference": f"torch {torch.__version__}, CPU, float32",
        "max_abs_error_allowed": MAX_ABS_ERROR,
        "cosine_required": MIN_COSINE,
        "batches": as_figures(found),
    }


def as_figures(found: Mapping[int, Mapping[str, Agreement]]) -> dict[str, Any]:
    """What :func:`play_both` returned, for JSON."""
    return {
        str(batch): {name: vars(agreement) for name, agreement in agreements.items()}
        for batch, agreements in found.items()
    }


def worst(batches: Mapping[str, Any]) -> tuple[float, float]:
    """Largest error and smallest cosine of what :func:`as_figures` returned."""
    found = [agreement for outputs in batches.values() for agreement in outputs.values()]
    return max(one["max_abs_error"] for one in found), min(one["cosine"] for one in found)


@torch.inference_mode()
def play_both(
    policy: Any, scaling: nn.Module, run: Run, states: Sequence[State], recording: Recording
) -> dict[int, dict[str, Agreement]]:
    """How well a policy and an engine agree, by batch, of "actions" and "targets"; states are carried meanwhile.

    Args:
        policy: See :func:`check_parity`, as for the others.
        scaling: Actions -> targets.
        run: Inputs -> outputs of the graph in the engine, by name.
        states: Of the graph.
        recording: Observations.
    """
    steps, robots = next(iter(recording.values())).shape[:2]
    found: dict[int, dict[str, Agreement]] = {}
    for batch in BATCHES:
        actions_agree, targets_agree = Agreement(), Agreement()
        found[batch] = {"actions": actions_agree, "targets": targets_agree}
        for number in range(min(MOST_RUNS, max(1, robots // batch))):
            rows = torch.arange(number * batch, (number + 1) * batch) % robots
            policy.reset()
            carried = {state.name: np.repeat(state.initial[None], batch, axis=0) for state in states}
            for step in range(steps):
                obs = {group: values[step, rows] for group, values in recording.items()}
                outputs = run({**{group: value.numpy() for group, value in obs.items()}, **carried})
                carried = {state.name: outputs[state.output] for state in states}
                actions = _decide(policy, obs, batch).clamp(-1.0, 1.0)
                actions_agree.add(actions.numpy(), outputs["actions"])
                targets_agree.add(scaling(actions).numpy(), outputs["targets"])
    return found


def _decide(policy: Any, obs: dict[str, torch.Tensor], batch: int) -> torch.Tensor:
    """What a policy would do next, or all that it plans: what it makes of overlapping plans is not in the graph."""
    groups: Any = TensorDict(dict(obs), batch_size=[batch])
    return policy.plan(groups) if getattr(policy, "chunk_size", 1) > 1 else policy(groups)
