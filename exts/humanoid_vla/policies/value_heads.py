"""What a critic's outputs mean: a value, or a distribution over values; and how both learn from a return."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

REDUCTIONS = ("min", "mean")


def reduce_critics(q: torch.Tensor, reduction: str) -> torch.Tensor:
    """The smaller or the mean value over the first axis: (critics, ...) -> (...).

    The smaller counters overestimation (Fujimoto et al., "Addressing function approximation error in actor-critic
    methods", arXiv 1802.09477, eq. 10); with distributions and many environments the mean does better (FastSAC, arXiv
    2512.01996).
    """
    return q.min(dim=0).values if reduction == "min" else q.mean(dim=0)


class ScalarHead(nn.Module):
    """One output: the value itself."""

    num_outputs: int = 1

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Values of outputs: (critics, batch, 1) -> (critics, batch)."""
        return outputs.squeeze(-1)

    @torch.no_grad()
    def target(
        self,
        next_outputs: torch.Tensor,
        rewards: torch.Tensor,
        discounts: torch.Tensor,
        bonus: torch.Tensor,
        reduction: str,
    ) -> torch.Tensor:
        """What the critics' outputs should become, shape (batch, 1).

        Args:
            next_outputs: Of the target critics at the next observation and action, shape (critics, batch, 1).
            rewards: Sum of discounted rewards until then, shape (batch,).
            discounts: gamma^k (1 - terminated), shape (batch,).
            bonus: Added to the next value, for SAC -alpha log pi(a'|s'), shape (batch,).
            reduction: How several critics become one, "min" or "mean".
        """
        # y = r + gamma^k (1 - terminated) (Q'(s', a') - alpha log pi(a'|s'))
        next_q = reduce_critics(self.values(next_outputs), reduction)
        return (rewards + discounts * (next_q + bonus)).unsqueeze(-1)

    def loss(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Half the squared error to a target of shape (batch, 1); mean over the batch, sum over the critics."""
        return 0.5 * F.mse_loss(outputs, target.expand_as(outputs), reduction="sum") / outputs.shape[1]


class CategoricalHead(nn.Module):
    """Logits of a distribution over evenly spaced values, the atoms.

    Source: Bellemare et al., "A distributional perspective on reinforcement learning" (C51), arXiv 1707.06887.

    Args:
        num_atoms: Number of atoms.
        v_min: Smallest value [reward].
        v_max: Largest value [reward].

    Raises:
        ValueError: If there are fewer than two atoms or the values are not in order.
    """

    atoms: torch.Tensor

    def __init__(self, num_atoms: int, v_min: float, v_max: float) -> None:
        super().__init__()
        if num_atoms < 2 or not v_min < v_max:
            raise ValueError(f"need two atoms or more and v_min < v_max, got {num_atoms}, {v_min}, {v_max}")
        self.num_outputs = num_atoms
        self.v_min, self.v_max = v_min, v_max
        # part of the configuration, not of what is learned
        self.register_buffer("atoms", torch.linspace(v_min, v_max, num_atoms), persistent=False)

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Mean of the distributions: (critics, batch, num_atoms) -> (critics, batch)."""
        return (self.probabilities(outputs) * self.atoms).sum(dim=-1)

    def probabilities(self, outputs: torch.Tensor) -> torch.Tensor:
        """Probabilities of the atoms, same shape as the logits."""
        return outputs.float().softmax(dim=-1)  # in full precision also under autocast

    @torch.no_grad()
    def target(
        self,
        next_outputs: torch.Tensor,
        rewards: torch.Tensor,
        discounts: torch.Tensor,
        bonus: torch.Tensor,
        reduction: str,
    ) -> torch.Tensor:
        """Probabilities that the critics should give to the atoms, shape (batch, num_atoms).

        With "min" it is the distribution of the critic with the smaller mean that counts, with "mean" the mixture of
        all. For the arguments see :meth:`ScalarHead.target`.
        """
        probabilities = self.probabilities(next_outputs)  # (critics, batch, atoms)
        if reduction == "min":
            smaller = (probabilities * self.atoms).sum(dim=-1).argmin(dim=0)  # (batch,)
            index = smaller[None, :, None].expand(1, -1, self.num_outputs)
            probabilities = probabilities.gather(0, index).squeeze(0)
        else:
            probabilities = probabilities.mean(dim=0)
        moved = rewards.unsqueeze(-1) + discounts.unsqueeze(-1) * (self.atoms + bonus.unsqueeze(-1))
        return self.project(moved, probabilities)

    def project(self, positions: torch.Tensor, probabilities: torch.Tensor) -> torch.Tensor:
        """Move probability mass from any positions [reward] to the atoms, each (batch, num_atoms).

        arXiv 1707.06887, eq. 7 and algorithm 1: the mass between two atoms goes to both, the more the nearer; beyond
        the ends it goes to the last atom.
        """
        # b = (clip(position) - v_min) / distance, l = floor(b): m_l += p (l + 1 - b), m_{l+1} += p (b - l)
        distance = (self.v_max - self.v_min) / (self.num_outputs - 1)
        b = ((positions.clamp(self.v_min, self.v_max) - self.v_min) / distance).clamp(max=self.num_outputs - 1)
        lower = b.floor().clamp(max=self.num_outputs - 2)  # the last atom is the upper neighbour of the last but one
        upper_mass = probabilities * (b - lower)
        index = lower.long()
        projected = torch.zeros_like(probabilities)
        projected.scatter_add_(-1, index, probabilities - upper_mass)
        return projected.scatter_add_(-1, index + 1, upper_mass)

    def loss(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Cross-entropy to a target of shape (batch, num_atoms); mean over the batch, sum over the critics."""
        return -(target * F.log_softmax(outputs.float(), dim=-1)).sum(dim=-1).mean(dim=1).sum()
