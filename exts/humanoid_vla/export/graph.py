"""The graph of a bundle: observation groups by name -> actions and targets; and how it becomes ONNX."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from humanoid_vla.runtime.bundle import Input, State

EXAMPLE_BATCH = 2
"""Of the example that a graph is traced with: the exporter takes a batch of 1 for a constant."""


class ExportError(ValueError):
    """What cannot be exported, and why: one line."""


class Affine(nn.Module):
    """actions in [-1, 1], (..., m) -> ``offset + scale * actions[follows]``, (..., n).

    Args:
        offset: Targets of zero actions, (n,).
        scale: How far an action of 1 goes, (n,).
        follows: Number of the action that each target follows, (n,), -1 for those that follow none; m = n where nothing
            is said.
    """

    offset: torch.Tensor
    scale: torch.Tensor

    def __init__(self, offset: Sequence[float], scale: Sequence[float], follows: Sequence[int] | None = None) -> None:
        super().__init__()
        self.register_buffer("offset", torch.tensor(offset, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))
        # a picking of all is left out of the graph
        self.follows = None if follows is None or list(follows) == list(range(len(follows))) else list(follows)

    def forward(self, actions: torch.Tensor) -> torch.Tensor:
        if self.follows is not None:
            picked = torch.tensor(self.follows, device=actions.device).clamp_min(0)
            actions = actions.index_select(-1, picked)
        return self.offset + self.scale * actions


class Named(nn.Module):
    """Scores of commands -> the command of the largest one, (..., n) -> (..., dim).

    Args:
        table: The commands, (n, dim).
    """

    table: torch.Tensor

    def __init__(self, table: Sequence[Sequence[float]]) -> None:
        super().__init__()
        self.register_buffer("table", torch.tensor(table, dtype=torch.float32))

    def forward(self, actions: torch.Tensor) -> torch.Tensor:
        return self.table[actions.argmax(dim=-1)]


class PolicyGraph(nn.Module):
    """A policy from observation groups and states to actions in [-1, 1], targets, and the states after the step.

    Args:
        policy: Of this package, or RSL-RL's MLP; in evaluation mode.
        scaling: Actions -> targets, :class:`Affine` or :class:`Named`.
        group_shapes: Observation group -> its shape without the batch, of those that the policy reads, in its order.

    Raises:
        ExportError: If the policy offers no ONNX form, or is a recurrent one of RSL-RL.
    """

    def __init__(self, policy: Any, scaling: nn.Module, group_shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        name = type(policy).__name__
        if not hasattr(policy, "as_onnx") or getattr(policy, "is_recurrent", False):
            raise ExportError(f"a {name} cannot be exported: it has no ONNX form of named groups and states")
        self.policy: Any = policy.as_onnx(verbose=False).eval()
        self.scaling = scaling
        groups = list(group_shapes)
        names = list(self.policy.input_names)
        # RSL-RL's networks read their groups side by side
        self.flat = names[: len(groups)] != groups
        if self.flat and (len(names) != 1 or any(len(shape) != 1 for shape in group_shapes.values())):
            raise ExportError(f"a {name} cannot be exported: it reads {names} in place of the groups {groups}")
        self.num_obs = len(groups)
        self.state_names = [] if self.flat else names[self.num_obs :]
        self.output_names = ["actions", "targets", *self.policy.output_names[1:]]
        self.first_state = [] if self.flat else list(self.policy.get_dummy_inputs()[self.num_obs :])

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        state = inputs[self.num_obs :]
        obs = [group.float() for group in inputs[: self.num_obs]]  # at once: TensorRT does nothing else with bytes
        outputs = self.policy(torch.cat(obs, dim=-1)) if self.flat else self.policy(*obs, *state)
        actions, *next_state = outputs if isinstance(outputs, tuple) else (outputs,)
        actions = actions.clamp(-1.0, 1.0)  # as the environment's wrapper does
        return actions, self.scaling(actions), *next_state

    def states(self) -> tuple[State, ...]:
        """What is carried from step to step, with its value at the start of an episode."""
        return tuple(
            State(name, output, first[0].cpu().numpy().copy())
            for name, output, first in zip(self.state_names, self.output_names[2:], self.first_state, strict=True)
        )


@dataclass(frozen=True)
class OnnxModel:
    """An ONNX file in memory."""

    content: bytes
    states: tuple[State, ...]


def make_onnx(graph: PolicyGraph, inputs: Sequence[Input]) -> OnnxModel:
    """Write a graph as ONNX, opset 18, with a batch of any size.

    Args:
        graph: On the CPU.
        inputs: The observation groups that it reads, in its order.

    Raises:
        ExportError: If the exporter does not understand the network.
    """
    import onnx

    example = [torch.zeros(EXAMPLE_BATCH, *group.shape, dtype=getattr(torch, group.dtype)) for group in inputs]
    example += [first.expand(EXAMPLE_BATCH, *first.shape[1:]).clone() for first in graph.first_state]
    names = [*(group.name for group in inputs), *graph.state_names]
    stream: Any = io.BytesIO()  # which the exporter takes, though it does not say so
    try:
        with _quiet():
            torch.onnx.export(
                graph.eval(),
                tuple(example),
                stream,
                input_names=names,
                output_names=graph.output_names,
                dynamic_shapes=(tuple({0: torch.export.Dim("batch")} for _ in example),),
                opset_version=18,
                dynamo=True,
            )
    except Exception as error:  # the exporter's exceptions have no base of their own
        reason = str(error).strip().partition("\n")[0]
        raise ExportError(f"the network cannot be written as ONNX: {reason}") from error
    model = onnx.load_from_string(stream.getvalue())
    onnx.checker.check_model(model, full_check=True)
    return OnnxModel(stream.getvalue(), graph.states())


@contextlib.contextmanager
def _quiet() -> Any:
    """The exporter prints its progress, and warns of what it does to itself."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
