"""Running mean and variance of observations."""

import torch
from torch import nn


class RunningNormalizer(nn.Module):
    """Scales each feature to zero mean and unit variance over everything seen so far.

    Statistics are merged batch by batch with the parallel formula of Chan, Golub and LeVeque ("Updating formulae and a
    pairwise algorithm for computing sample variances", 1979, eqs. 2.1), which is exact, not a moving average.

    Args:
        dim: Number of features.
        eps: Added to the standard deviation [units of the feature], so that a feature that hardly varies is not
            blown up.
    """

    # no `from __future__ import annotations` in this file: TorchScript reads these annotations
    mean: torch.Tensor
    var: torch.Tensor
    count: torch.Tensor

    def __init__(self, dim: int, eps: float = 1e-2) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("var", torch.ones(dim))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(x - mean) / (std + eps), for x of shape (..., dim)."""
        return (x - self.mean) * (self.var.sqrt() + self.eps).reciprocal()

    @torch.jit.unused
    @torch.no_grad()
    def update(self, x: torch.Tensor) -> None:
        """Merge a batch x of shape (batch, dim), of all processes when training is distributed."""
        batch_count = torch.tensor(x.shape[0], device=x.device)
        batch_sum = x.sum(dim=0)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(batch_count)
            torch.distributed.all_reduce(batch_sum)
        batch_mean = batch_sum / batch_count
        batch_m2 = (x - batch_mean).square().sum(dim=0)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(batch_m2)

        # n = n_a + n_b,  delta = mean_b - mean_a,  mean = mean_a + delta n_b / n,
        # M2 = M2_a + M2_b + delta^2 n_a n_b / n;  all in place: a tensor made in the rollout's inference mode would
        # stay an inference tensor
        old_count = self.count.clone()
        self.count += batch_count
        rate = batch_count / self.count
        delta = batch_mean - self.mean
        self.mean += delta * rate
        m2 = self.var * old_count + batch_m2 + delta.square() * old_count * rate
        self.var.copy_(m2 / self.count)
