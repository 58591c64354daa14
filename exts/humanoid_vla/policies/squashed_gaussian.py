"""Gaussian policy squashed by tanh, the actor of soft actor-critic."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from humanoid_vla.policies.actor import HeadActor
from humanoid_vla.policies.encoders import IMAGE_CHANNELS
from humanoid_vla.policies.mlp import make_mlp
from humanoid_vla.policies.trunk import Observations

LARGEST_ACTION = 0.999
"""Likelihoods take given actions beyond as this one, atanh of which is 3.8: at 1 it is infinite, and short of it a
thousandth of an action, nothing to any robot, would outweigh all other actions' errors."""


class SquashedGaussianPolicy(HeadActor):
    """a = tanh(u), u ~ N(mean(s), std(s)); actions in [-1, 1].

    Source: Haarnoja et al., "Soft Actor-Critic Algorithms and Applications", arXiv 1812.05905, appendix C.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this policy reads, usually "actor".
        output_dim: Number of actions.
        hidden_dims: Widths of the hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.
        log_std_bounds: Smallest and largest log standard deviation of u.
        layer_norm: Whether each hidden layer is normalised before its activation.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape, or the bounds are not in order.
    """

    def __init__(
        self,
        obs: Observations,
        obs_groups: dict[str, list[str]],
        obs_set: str,
        output_dim: int,
        hidden_dims: Sequence[int] = (256, 256),
        activation: str = "relu",
        obs_normalization: bool = True,
        log_std_bounds: tuple[float, float] = (-5.0, 2.0),
        layer_norm: bool = False,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(obs, obs_groups, obs_set, output_dim, obs_normalization, image_channels)
        self.log_std_min, self.log_std_max = log_std_bounds
        if not self.log_std_min < self.log_std_max:
            raise ValueError(f"log_std_bounds must be (smaller, larger), got {log_std_bounds}")
        self.mlp = make_mlp(self.trunk.feature_dim, hidden_dims, 2 * output_dim, activation, layer_norm)

    def forward(self, obs: Observations, stochastic_output: bool = False) -> torch.Tensor:
        """Actions in [-1, 1], shape (batch, output_dim): tanh of the mean, or a sample."""
        return self._act(self._outputs(self.encode(obs)), stochastic_output)

    def sample(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Reparametrised actions and their log-densities.

        Args:
            features: What :meth:`encode` makes of observations, shape (batch, feature_dim).

        Returns:
            Actions in (-1, 1), shape (batch, output_dim), and log pi(a|s), shape (batch,).
        """
        mean, log_std = self._mean_and_log_std(self._outputs(features))
        noise = torch.randn_like(mean)
        u = torch.addcmul(mean, log_std.exp(), noise)
        return torch.tanh(u), squashed_log_prob(u, noise, log_std)

    def log_prob(self, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """log pi(a|s) of given actions, shape (batch,).

        Exact for actions up to :data:`LARGEST_ACTION`; larger ones, -1 and 1 included, count as that.

        Args:
            features: What :meth:`encode` makes of observations, shape (batch, feature_dim).
            actions: Shape (batch, output_dim), in [-1, 1].
        """
        mean, log_std = self._mean_and_log_std(self._outputs(features))
        u = torch.atanh(actions.clamp(-LARGEST_ACTION, LARGEST_ACTION))
        return squashed_log_prob(u, (u - mean) * torch.exp(-log_std), log_std)

    def deterministic_head(self) -> nn.Module:
        """Features -> tanh of the mean."""
        return nn.Sequential(self.mlp, TanhOfMean(self.action_dim))

    def _outputs(self, features: torch.Tensor) -> torch.Tensor:
        """Mean and raw log standard deviation side by side, shape (batch, 2 output_dim)."""
        return self.mlp(features)

    def _act(self, outputs: torch.Tensor, stochastic: bool) -> torch.Tensor:
        mean, log_std = self._mean_and_log_std(outputs)
        if not stochastic:
            return torch.tanh(mean)
        std = log_std.exp()
        self._last_std = std.detach()
        return torch.tanh(mean + std * torch.randn_like(std))

    def _mean_and_log_std(self, outputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # in full precision also under autocast: the log-density sums over all action dimensions
        mean, raw = outputs.float().chunk(2, dim=-1)
        # a smooth bound: a clamp would stop the gradient outside
        middle, half_range = 0.5 * (self.log_std_max + self.log_std_min), 0.5 * (self.log_std_max - self.log_std_min)
        return mean, middle + half_range * torch.tanh(raw)


class TanhOfMean(nn.Module):
    """(..., 2 dim) mean and raw log standard deviation -> (..., dim) actions."""

    def __init__(self, action_dim: int) -> None:
        super().__init__()
        self.action_dim = action_dim

    def forward(self, outputs: torch.Tensor) -> torch.Tensor:
        return torch.tanh(outputs[..., : self.action_dim])


def squashed_log_prob(u: torch.Tensor, noise: torch.Tensor, log_std: torch.Tensor) -> torch.Tensor:
    """log pi(tanh(u)) for u = mean + exp(log_std) noise, summed over the action dimensions.

    Args:
        u: Gaussian sample before squashing, shape (batch, dim).
        noise: Its standard normal part (u - mean) / std, shape (batch, dim).
        log_std: log standard deviation, shape (batch, dim).

    Returns:
        Log-densities, shape (batch,). Source: arXiv 1812.05905, eq. 26.
    """
    # log N(u) = -(noise^2 / 2 + log std + log(2 pi) / 2)
    # log |d tanh(u) / du| = log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2 u)), exact also where tanh rounds to 1
    variable = torch.sub(log_std, u + F.softplus(-2.0 * u), alpha=2.0)
    constant = (2.0 * math.log(2.0) + 0.5 * math.log(2.0 * math.pi)) * u.shape[-1]
    return -torch.addcmul(variable, noise, noise, value=0.5).sum(dim=-1) - constant
