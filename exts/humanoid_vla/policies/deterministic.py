"""Deterministic policy with exploration noise, the actor of DDPG and TD3."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from humanoid_vla.policies.actor import HeadActor
from humanoid_vla.policies.encoders import IMAGE_CHANNELS
from humanoid_vla.policies.mlp import make_mlp
from humanoid_vla.policies.trunk import Observations


class DeterministicPolicy(HeadActor):
    """a = tanh(mlp(s)); to explore, Gaussian noise whose size differs by environment, clipped to [-1, 1].

    Source: Lillicrap et al., "Continuous control with deep reinforcement learning" (DDPG), arXiv 1509.02971. Noise:
    Seo et al., "FastTD3", arXiv 2505.22642: each environment draws its standard deviation uniformly from a range, and
    again at the end of every episode, so that some environments explore widely while others refine.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this policy reads, usually "actor".
        output_dim: Number of actions.
        hidden_dims: Widths of the hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.
        noise_std_range: Smallest and largest standard deviation of the noise; the same number twice for equal noise.
        layer_norm: Whether each hidden layer is normalised before its activation.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape, or the range is negative or not in order.
    """

    noise_std: torch.Tensor

    def __init__(
        self,
        obs: Observations,
        obs_groups: dict[str, list[str]],
        obs_set: str,
        output_dim: int,
        hidden_dims: Sequence[int] = (256, 256),
        activation: str = "relu",
        obs_normalization: bool = True,
        noise_std_range: tuple[float, float] = (0.001, 0.4),
        layer_norm: bool = False,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(obs, obs_groups, obs_set, output_dim, obs_normalization, image_channels)
        self.noise_std_min, self.noise_std_max = noise_std_range
        if not 0.0 <= self.noise_std_min <= self.noise_std_max:
            raise ValueError(f"noise_std_range must be (smaller, larger) and not negative, got {noise_std_range}")
        self.mlp = make_mlp(self.trunk.feature_dim, hidden_dims, output_dim, activation, layer_norm)
        # not in checkpoints: a policy may be loaded into another number of environments
        self.register_buffer("noise_std", torch.empty(self.num_envs, 1), persistent=False)
        self.reset()

    def forward(self, obs: Observations, stochastic_output: bool = False) -> torch.Tensor:
        """Actions in [-1, 1], shape (batch, output_dim); with noise, `batch` must be the number of environments."""
        actions = self.sample(self.encode(obs))
        if not stochastic_output:
            return actions
        self._last_std = self.noise_std
        return torch.addcmul(actions, self.noise_std, torch.randn_like(actions)).clamp(-1.0, 1.0)

    def sample(self, features: torch.Tensor) -> torch.Tensor:
        """The policy's actions without noise, (batch, feature_dim) -> (batch, output_dim)."""
        # in full precision also under autocast: bfloat16 keeps three digits of an action near 1
        return torch.tanh(self.mlp(features).float())

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Draw the noise's standard deviation anew where an episode ended, or everywhere.

        Args:
            dones: Non-zero where an episode ended, shape (num_envs,).
        """
        drawn = torch.empty_like(self.noise_std).uniform_(self.noise_std_min, self.noise_std_max)
        if dones is not None:
            drawn = torch.where(dones.bool().unsqueeze(-1), drawn, self.noise_std)
        self.noise_std.copy_(drawn)  # in place: rollouts run in inference mode

    def deterministic_head(self) -> nn.Module:
        """Features -> actions."""
        return nn.Sequential(self.mlp, nn.Tanh())
