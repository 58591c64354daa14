"""The learned weight of the entropy in soft actor-critic."""

from __future__ import annotations

import math

import torch
from torch import nn


class Temperature(nn.Module):
    """alpha > 0, learned so that the policy's entropy meets a target.

    Args:
        initial: alpha at the start [reward / nat].
        target_entropy: Entropy to hold [nat].

    Raises:
        ValueError: If `initial` is not positive.
    """

    def __init__(self, initial: float, target_entropy: float) -> None:
        super().__init__()
        if initial <= 0:
            raise ValueError(f"initial_temperature must be positive, got {initial}")
        self.target_entropy = target_entropy
        self.log_alpha = nn.Parameter(torch.tensor(math.log(initial)))

    def forward(self) -> torch.Tensor:
        """alpha as a constant, without dimensions."""
        return self.log_alpha.detach().exp()

    def loss(self, log_prob: torch.Tensor) -> torch.Tensor:
        """J(alpha) = E[-log alpha (log pi(a|s) + target)]: raises alpha while the entropy is below its target.

        arXiv 1812.05905, eq. 18, with log alpha in place of alpha as in the authors' code: the gradient keeps its sign,
        and its size no longer shrinks with alpha.

        Args:
            log_prob: Log-densities of the policy's actions, or their expectations, shape (batch,).
        """
        return -self.log_alpha * (log_prob.detach().mean() + self.target_entropy)
