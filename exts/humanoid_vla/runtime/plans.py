"""What a policy wants of the next steps, and how overlapping chunks become one plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Plan:
    """Actions and what they ask for, a row for each of the policy's steps from its observation on."""

    actions: np.ndarray
    """In [-1, 1], shape (chunk_size, num_actions)."""
    targets: np.ndarray
    """Joint position targets [rad], shape (chunk_size, n)."""
    stamp: float
    """When it was observed what the plan answers to [s of ``time.monotonic()``]."""
    seconds: float
    """How long observing and deciding took [s]."""

    def row(self, now: float, policy_dt: float) -> int:
        """The row for a moment; the last one is held."""
        return min(max(int((now - self.stamp) / policy_dt), 0), len(self.actions) - 1)


class Overlap:
    """Averages what the chunks of the last steps say about each step to come, older ones with more weight.

    a_t = sum_i w_i a_t^(i) / sum_i w_i with w_i = exp(-decay i), where i = 0 is the oldest chunk that reaches to t:
    temporal ensembling, Zhao et al. (ACT), arXiv 2304.13705, section IV.B. A policy in training acts this way too,
    with ``policies/chunking.py``; here steps may be left out.

    Args:
        shape: Of a chunk, (chunk_size, width).
        decay: How much less each newer chunk counts.
    """

    def __init__(self, shape: tuple[int, ...], decay: float = 0.01) -> None:
        self._decay = decay
        self._sums = np.zeros(shape)
        self._weights, self._counts = np.zeros((shape[0], 1)), np.zeros((shape[0], 1))
        self._step = 0

    def reset(self) -> None:
        """Forget all chunks."""
        for values in (self._sums, self._weights, self._counts):
            values.fill(0.0)

    def add(self, chunk: np.ndarray, step: int) -> np.ndarray:
        """The average of what was said about this step and those that follow, (chunk_size, width).

        Args:
            chunk: What is said now, (chunk_size, width).
            step: Number of the chunk's first step; never less than before.
        """
        self._advance(step - self._step)
        self._step = step
        weight = np.exp(-self._decay * self._counts)
        self._sums += weight * chunk
        self._weights += weight
        self._counts += 1.0
        return self._sums / self._weights

    def _advance(self, steps: int) -> None:
        for values in (self._sums, self._weights, self._counts):
            left = max(len(values) - steps, 0)
            values[:left] = values[len(values) - left :].copy()
            values[left:] = 0.0
