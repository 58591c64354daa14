"""Gaussian policy squashed by tanh, the actor of soft actor-critic."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence

import torch
from tensordict import TensorDict
from torch import nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from humanoid_vla.policies.mlp import make_mlp
from humanoid_vla.policies.normalization import RunningNormalizer
from humanoid_vla.policies.observation import concatenate, flat_dim


class SquashedGaussianPolicy(nn.Module):
    """a = tanh(u), u ~ N(mean(s), std(s)); actions in [-1, 1].

    Source: Haarnoja et al., "Soft Actor-Critic Algorithms and Applications", arXiv 1812.05905, appendix C.

    Args:
        obs: An example of the environment's observations, each group of shape (num_envs, dim).
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this policy reads, usually "actor".
        output_dim: Number of actions.
        hidden_dims: Widths of the hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.
        log_std_bounds: Smallest and largest log standard deviation of u.

    Raises:
        ValueError: If a group is missing, not flat, or the bounds are not in order.
    """

    is_recurrent: bool = False

    def __init__(
        self,
        obs: TensorDict | Mapping[str, torch.Tensor],
        obs_groups: dict[str, list[str]],
        obs_set: str,
        output_dim: int,
        hidden_dims: Sequence[int] = (256, 256),
        activation: str = "relu",
        obs_normalization: bool = True,
        log_std_bounds: tuple[float, float] = (-5.0, 2.0),
    ) -> None:
        super().__init__()
        self.log_std_min, self.log_std_max = log_std_bounds
        if not self.log_std_min < self.log_std_max:
            raise ValueError(f"log_std_bounds must be (smaller, larger), got {log_std_bounds}")
        self.obs_groups = list(obs_groups[obs_set])
        self.obs_dim = flat_dim(obs, self.obs_groups)
        self.action_dim = output_dim
        self.obs_normalizer = RunningNormalizer(self.obs_dim) if obs_normalization else nn.Identity()
        self.mlp = make_mlp(self.obs_dim, hidden_dims, 2 * output_dim, activation)
        self._last_std = torch.ones(output_dim)

    def forward(self, obs: TensorDict | Mapping[str, torch.Tensor], stochastic_output: bool = False) -> torch.Tensor:
        """Actions in [-1, 1], shape (batch, output_dim): tanh of the mean, or a sample."""
        mean, log_std = self._mean_and_log_std(self.flatten(obs))
        if not stochastic_output:
            return torch.tanh(mean)
        std = log_std.exp()
        self._last_std = std.detach()
        return torch.tanh(mean + std * torch.randn_like(std))

    def sample(self, obs: TensorDict | Mapping[str, torch.Tensor] | torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Reparametrised actions and their log-densities.

        Args:
            obs: Observation groups, or the flat observations :meth:`flatten` makes of them, shape (batch, obs_dim).

        Returns:
            Actions in (-1, 1), shape (batch, output_dim), and log pi(a|s), shape (batch,).
        """
        flat_obs = obs if isinstance(obs, torch.Tensor) else self.flatten(obs)
        mean, log_std = self._mean_and_log_std(flat_obs)
        noise = torch.randn_like(mean)
        u = torch.addcmul(mean, log_std.exp(), noise)
        return torch.tanh(u), squashed_log_prob(u, noise, log_std)

    def flatten(self, obs: TensorDict | Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The groups this policy reads, side by side, shape (batch, obs_dim)."""
        return concatenate(obs, self.obs_groups)  # pyright: ignore[reportArgumentType] - a TensorDict is no Mapping

    def update_normalization(self, obs: TensorDict | Mapping[str, torch.Tensor]) -> None:
        """Let the observation normaliser learn from a batch of observations."""
        if isinstance(self.obs_normalizer, RunningNormalizer):
            self.obs_normalizer.update(self.flatten(obs))

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Nothing to forget: the policy has no memory."""

    @property
    def output_std(self) -> torch.Tensor:
        """Standard deviation of u at the last stochastic forward pass; ones before the first."""
        return self._last_std

    def as_jit(self) -> nn.Module:
        """The deterministic policy for TorchScript: one flat observation in, actions out."""
        return _FlatPolicy(self)

    def as_onnx(self, verbose: bool = False) -> _OnnxFlatPolicy:
        """The deterministic policy for ONNX; carries `input_names`, `output_names` and `get_dummy_inputs()`."""
        return _OnnxFlatPolicy(self)

    def _mean_and_log_std(self, flat_obs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, raw = self.mlp(self.obs_normalizer(flat_obs)).chunk(2, dim=-1)
        # a smooth bound: a clamp would stop the gradient outside
        half_range = 0.5 * (self.log_std_max - self.log_std_min)
        return mean, self.log_std_min + half_range * (torch.tanh(raw) + 1.0)


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
    minus_log_prob = 0.5 * noise.square() + log_std + 2.0 * (math.log(2.0) - u - F.softplus(-2.0 * u))
    return -minus_log_prob.sum(dim=-1) - 0.5 * math.log(2.0 * math.pi) * u.shape[-1]


class _FlatPolicy(nn.Module):
    """normalise -> MLP -> tanh(mean), on one flat observation of shape (batch, obs_dim)."""

    def __init__(self, policy: SquashedGaussianPolicy) -> None:
        super().__init__()
        self.obs_normalizer = copy.deepcopy(policy.obs_normalizer)
        self.mlp = copy.deepcopy(policy.mlp)
        self.action_dim = policy.action_dim

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.mlp(self.obs_normalizer(obs))[..., : self.action_dim])


class _OnnxFlatPolicy(_FlatPolicy):
    """With what `OnPolicyRunner.export_policy_to_onnx` asks for."""

    input_names = ["obs"]
    output_names = ["actions"]

    def __init__(self, policy: SquashedGaussianPolicy) -> None:
        super().__init__(policy)
        self.obs_dim = policy.obs_dim

    def get_dummy_inputs(self) -> tuple[torch.Tensor]:
        return (torch.zeros(1, self.obs_dim),)
