"""A policy step by step, and what it carries from one step to the next."""

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
