"""Chunks of actions, and how the overlapping ones become one action."""

from __future__ import annotations

import torch
from torch import nn


class TemporalEnsemble(nn.Module):
    """Averages what the chunks of the last steps say about this one, older ones with more weight.

    a_t = sum_i w_i a_t^(i) / sum_i w_i with w_i = exp(-decay i), where i = 0 is the oldest chunk that reaches to t.
    Source: Zhao et al. (ACT), arXiv 2304.13705, section IV.B.

    Args:
        chunk_size: Steps a chunk.
        num_actions: Actions a step.
        decay: How much less each newer chunk counts.
    """

    def __init__(self, chunk_size: int, num_actions: int, decay: float = 0.01) -> None:
        super().__init__()
        self.chunk_size, self.num_actions, self.decay = chunk_size, num_actions, decay
        self._sums = torch.empty(0)
        self._weights = torch.empty(0)
        self._counts = torch.empty(0)

    def forward(self, chunks: torch.Tensor) -> torch.Tensor:
        """This step's actions, (num_envs, chunk_size, num_actions) -> (num_envs, num_actions)."""
        if self._sums.shape != chunks.shape or self._sums.device != chunks.device:
            self._sums = torch.zeros_like(chunks)  # of this step and those that follow
            self._weights = chunks.new_zeros(*chunks.shape[:2], 1)
            self._counts = torch.zeros_like(self._weights)
        weight = torch.exp(-self.decay * self._counts)
        sums, weights = self._sums + weight * chunks, self._weights + weight
        actions = sums[:, 0] / weights[:, 0]
        # the next step comes first now, and nothing was said yet about the last one
        self._sums, self._weights, self._counts = (_shift(value) for value in (sums, weights, self._counts + 1.0))
        return actions

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Forget the chunks where `dones` is set, (num_envs,), or all."""
        if dones is None:
            self._sums = self._weights = self._counts = torch.empty(0)
            return
        if self._sums.numel():
            keep = (dones == 0).view(-1, 1, 1)
            self._sums, self._weights, self._counts = (
                value * keep for value in (self._sums, self._weights, self._counts)
            )


def _shift(values: torch.Tensor) -> torch.Tensor:
    return torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
