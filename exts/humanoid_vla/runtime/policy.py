"""A policy step by step: what it carries from one step to the next, and what its plans say together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.engine import Engine


class PolicyRunner:
    """Runs a bundle's network and keeps its states.

    Args:
        bundle: What was exported.
        engine: What runs its network.
        batch: Robots.
    """

    def __init__(self, bundle: Bundle, engine: Engine, batch: int = 1) -> None:
        self.engine, self.batch = engine, batch
        self._states = bundle.states
        self._carried = {state.name: np.repeat(state.initial[None], batch, axis=0) for state in bundle.states}

    def reset(self, dones: np.ndarray | None = None) -> None:
        """Forget the episodes that ended.

        Args:
            dones: Non-zero where one ended, (batch,), or None for all.
        """
        rows = slice(None) if dones is None else np.asarray(dones) != 0
        for state in self._states:
            self._carried[state.name][rows] = state.initial

    def step(self, inputs: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """The policy's next step.

        Args:
            inputs: Observation groups by name, (batch, ...).

        Returns:
            Actions in [-1, 1] and targets, both (batch, n), or (batch, chunk_size, n) of a policy that plans.

        Raises:
            EngineError: If an input is missing, or of another type or shape than the network's.
        """
        outputs = self.engine.run({**inputs, **self._carried})
        for state in self._states:
            # a copy: the engine may give its own memory, and a reset writes into this
            self._carried[state.name][...] = outputs[state.output]
        return outputs["actions"], outputs["targets"]


class ChunkAverage:
    """Averages what the plans of the last steps say about this one, older ones with more weight.

    a_t = sum_i w_i a_t^(i) / sum_i w_i with w_i = exp(-decay i), where i = 0 is the oldest plan that reaches to t.
    Source: Zhao et al. (ACT), arXiv 2304.13705, section IV.B; the policies are evaluated with it in training
    (:class:`humanoid_vla.policies.chunking.TemporalEnsemble`).

    Args:
        batch: Robots.
        chunk_size: Steps of a plan.
        size: Numbers a step.
        decay: How much less each newer plan counts.
    """

    def __init__(self, batch: int, chunk_size: int, size: int, decay: float = 0.01) -> None:
        self.decay = decay
        self._sums = np.zeros((batch, chunk_size, size), np.float32)  # of this step and those that follow
        self._weights = np.zeros((batch, chunk_size, 1), np.float32)
        self._counts = np.zeros((batch, chunk_size, 1), np.float32)

    def reset(self, dones: np.ndarray | None = None) -> None:
        """Forget the plans of the episodes that ended, where `dones` is set, (batch,), or all."""
        rows = slice(None) if dones is None else np.asarray(dones) != 0
        for values in (self._sums, self._weights, self._counts):
            values[rows] = 0.0

    def step(self, plans: np.ndarray) -> np.ndarray:
        """This step's numbers, (batch, chunk_size, size) -> (batch, size)."""
        weight = np.exp(-self.decay * self._counts)
        self._sums += weight * plans
        self._weights += weight
        self._counts += 1.0
        now = self._sums[:, 0] / self._weights[:, 0]
        for values in (self._sums, self._weights, self._counts):  # the next step comes first now
            values[:, :-1] = values[:, 1:]
            values[:, -1] = 0.0
        return now
