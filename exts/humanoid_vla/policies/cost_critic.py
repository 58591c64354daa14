"""Critics of costs: an ensemble for each constraint, of which the policy fears more than the mean."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from humanoid_vla.policies.encoders import IMAGE_CHANNELS
from humanoid_vla.policies.ensemble import EnsembleMLP
from humanoid_vla.policies.trunk import Observations, TrunkNetwork


class CostCritic(TrunkNetwork):
    """Q_c(s, a) of several costs that are never negative, each by several members, all evaluated together.

    A policy that makes a value small finds the actions whose value is underestimated, so what it is given is an upper
    confidence bound over the members: Yang et al., "WCSAC: Worst-case soft actor critic for safety-constrained
    reinforcement learning", AAAI 2021, has such a bound over a distribution of costs, here it is over estimates.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this critic reads, usually "critic".
        num_actions: Number of actions.
        num_costs: Number of costs.
        hidden_dims: Widths of the hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.
        num_critics: Number of independently initialised members for each cost.
        confidence: Standard deviations over the members that are added to their mean.
        layer_norm: Whether each hidden layer is normalised before its activation.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape, `confidence` is negative, or there is one member only
            to tell it from.
    """

    def __init__(
        self,
        obs: Observations,
        obs_groups: dict[str, list[str]],
        obs_set: str,
        num_actions: int,
        num_costs: int,
        hidden_dims: Sequence[int] = (256, 256),
        activation: str = "relu",
        obs_normalization: bool = True,
        num_critics: int = 4,
        confidence: float = 1.0,
        layer_norm: bool = False,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(obs, obs_groups, obs_set, obs_normalization, image_channels)
        if confidence < 0 or (confidence > 0 and num_critics < 2):
            raise ValueError(
                f"confidence must not be negative, and above 0 needs 2 cost critics, got {confidence} and {num_critics}"
            )
        self.num_costs = num_costs
        self.confidence = confidence
        input_dim = self.trunk.feature_dim + num_actions
        self.mlp = EnsembleMLP(num_costs * num_critics, input_dim, hidden_dims, 1, activation, layer_norm)

    def forward(self, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Values by every member, shape (costs, critics, batch).

        Args:
            features: What :meth:`encode` makes of observations, shape (batch, feature_dim).
            actions: Actions in [-1, 1], shape (batch, num_actions).
        """
        return self.mlp(torch.cat((features, actions), dim=-1)).view(self.num_costs, -1, len(actions))

    def upper_value(self, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Mean over the members and `confidence` standard deviations more, shape (costs, batch)."""
        q = self(features, actions).float()
        return q.mean(dim=1) + self.confidence * q.std(dim=1, correction=0)
