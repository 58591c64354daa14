"""Two Q networks evaluated together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import torch
from tensordict import TensorDict
from torch import nn

from humanoid_vla.policies.mlp import make_activation
from humanoid_vla.policies.normalization import RunningNormalizer
from humanoid_vla.policies.observation import concatenate, flat_dim


class TwinCritic(nn.Module):
    """Q_1(s, a) and Q_2(s, a) as one network with a leading axis of two: one batched product a layer.

    The smaller of two independently initialised critics counters overestimation (Fujimoto et al., "Addressing function
    approximation error in actor-critic methods", arXiv 1802.09477, eq. 10).

    Args:
        obs: An example of the environment's observations, each group of shape (num_envs, dim).
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this critic reads, usually "critic".
        num_actions: Number of actions.
        hidden_dims: Widths of the hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.

    Raises:
        ValueError: If a group is missing or not flat.
    """

    def __init__(
        self,
        obs: TensorDict | Mapping[str, torch.Tensor],
        obs_groups: dict[str, list[str]],
        obs_set: str,
        num_actions: int,
        hidden_dims: Sequence[int] = (256, 256),
        activation: str = "relu",
        obs_normalization: bool = True,
    ) -> None:
        super().__init__()
        self.obs_groups = list(obs_groups[obs_set])
        self.obs_dim = flat_dim(obs, self.obs_groups)
        self.obs_normalizer = RunningNormalizer(self.obs_dim) if obs_normalization else nn.Identity()
        self.activation = make_activation(activation)
        dims = [self.obs_dim + num_actions, *hidden_dims, 1]
        self.weights = nn.ParameterList()  # each (2, in, out)
        self.biases = nn.ParameterList()  # each (2, 1, out)
        for fan_in, fan_out in itertools.pairwise(dims):
            bound = 1.0 / math.sqrt(fan_in)  # the default of nn.Linear
            self.weights.append(nn.Parameter(torch.empty(2, fan_in, fan_out).uniform_(-bound, bound)))
            self.biases.append(nn.Parameter(torch.empty(2, 1, fan_out).uniform_(-bound, bound)))

    def forward(self, flat_obs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Q-values of shape (2, batch).

        Args:
            flat_obs: Observations as :meth:`flatten` makes them, shape (batch, obs_dim).
            actions: Actions in [-1, 1], shape (batch, num_actions).
        """
        x = torch.cat((self.obs_normalizer(flat_obs), actions), dim=-1).expand(2, -1, -1)  # (2, batch, in)
        *hidden, (last_weight, last_bias) = zip(self.weights, self.biases, strict=True)
        for weight, bias in hidden:
            x = self.activation(torch.baddbmm(bias, x, weight))  # (2, batch, out)
        # one column is no work for a matrix product: measured 4 times as fast, backward included
        return torch.linalg.vecdot(x, last_weight.mT) + last_bias.squeeze(-1)  # (2, batch)

    def flatten(self, obs: TensorDict | Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The groups this critic reads, side by side, shape (batch, obs_dim)."""
        return concatenate(obs, self.obs_groups)  # pyright: ignore[reportArgumentType] - a TensorDict is no Mapping

    def update_normalization(self, obs: TensorDict | Mapping[str, torch.Tensor]) -> None:
        """Let the observation normaliser learn from a batch of observations."""
        if isinstance(self.obs_normalizer, RunningNormalizer):
            self.obs_normalizer.update(self.flatten(obs))
