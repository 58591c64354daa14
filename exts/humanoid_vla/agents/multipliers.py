"""Lagrange multipliers: what a share of a constraint's budget costs the policy."""

from __future__ import annotations

import torch
from torch import nn


class LagrangeMultipliers(nn.Module):
    """One lambda >= 0 a constraint, which rises while the constraint is violated and falls while there is room.

    A PID controller sets it (Stooke et al., "Responsive safety in reinforcement learning by PID Lagrangian methods",
    arXiv 2007.03964, algorithm 2): the integral part alone is gradient ascent on the dual problem, the other two damp
    its swings. With costs in shares of their limits an episode may have 1 of each, and one set of gains serves all.

    The error is held to [-1, 1]: a cost of thirty limits says no more of how fast lambda should rise than one of two,
    and lambda falls as fast as it rises.

    Args:
        num_constraints: Number of constraints.
        proportional_gain: lambda for a whole limit too much [reward].
        integral_gain: What lambda rises by in a gradient update, for a whole limit too much [reward].
        derivative_gain: lambda for a cost that rose by a limit from the older to the newer half of the window [reward].
        initial: lambda at the start [reward].

    Raises:
        ValueError: If one of these is negative.
    """

    integral: torch.Tensor
    value: torch.Tensor

    def __init__(
        self,
        num_constraints: int,
        proportional_gain: float,
        integral_gain: float,
        derivative_gain: float,
        initial: float = 0.0,
    ) -> None:
        super().__init__()
        gains = (proportional_gain, integral_gain, derivative_gain)
        if min(*gains, initial) < 0:
            raise ValueError(f"gains and initial multiplier must not be negative, got {gains} and {initial}")
        self.proportional_gain, self.integral_gain, self.derivative_gain = gains
        self.register_buffer("integral", torch.full((num_constraints,), float(initial)))
        self.register_buffer("value", torch.full((num_constraints,), float(initial)))

    def forward(self) -> torch.Tensor:
        """lambda, shape (num_constraints,)."""
        return self.value

    def step(self, cost: torch.Tensor, trend: torch.Tensor, num_updates: int = 1) -> None:
        """Move lambda, in place: recorded CUDA graphs read it from where it is.

        Args:
            cost: Mean cost of finished episodes in shares of the limits, shape (num_constraints,); NaN while none has
                finished, which moves nothing.
            trend: By how much it is rising, see :meth:`.episode_costs.EpisodeCosts.statistics`.
            num_updates: Gradient updates since the last step.
        """
        error = (cost - 1.0).clamp(-1.0, 1.0).nan_to_num(0.0)
        # I <- (I + n K_I e)_+,  lambda = (K_P e + I + K_D (trend)_+)_+
        self.integral.add_(num_updates * self.integral_gain * error).clamp_(min=0.0)
        swing = self.proportional_gain * error + self.derivative_gain * trend.clamp(0.0, 1.0)
        self.value.copy_((self.integral + swing).clamp(min=0.0))
