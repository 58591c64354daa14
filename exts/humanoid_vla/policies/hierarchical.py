"""Two levels in one policy: a latent every few steps, an action every step."""

from collections.abc import Sequence

import torch
from torch import nn

from humanoid_vla.policies.encoders import IMAGE_CHANNELS
from humanoid_vla.policies.export import OnnxPolicy
from humanoid_vla.policies.mlp import make_mlp
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy
from humanoid_vla.policies.trunk import Observations


class HierarchicalPolicy(SquashedGaussianPolicy):
    """z = tanh(high(s)) every k steps, held between; a ~ squashed Gaussian of low(s, z) every step; learned end to end.

    Soft actor-critic trains it unchanged, with the gradient of its loss through both parts: in updates
    (:meth:`sample`) every observation is treated as one at which the latent is fresh. This is the relaxation k = 1, and
    a bias: what is learned is the best policy that renews its latent at every step, while the one that acts keeps a
    latent up to k - 1 steps old. The critics are sound for all that, since they learn from whatever acted. The bias
    vanishes for k = 1 and is small where the latent changes little in k steps; the low level sees the newest
    observation itself and can make up for an old latent only as far as the observation says what the latent said.
    A replay of whole windows would remove it, at the price of a replay buffer and an update of its own.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order; both levels read all of them.
        obs_set: The set this policy reads, usually "actor".
        output_dim: Number of actions.
        hidden_dims: Widths of the low level's hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.
        log_std_bounds: Smallest and largest log standard deviation before squashing.
        high_level_dims: Widths of the high level's hidden layers.
        latent_dim: Length of the latent.
        latent_interval: Steps for which a latent is held, k.
        layer_norm: Whether each hidden layer is normalised before its activation.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape, the bounds are not in order, or the latent has no
            length or duration.
    """

    latent: torch.Tensor
    phase: torch.Tensor

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
        high_level_dims: Sequence[int] = (256, 256),
        latent_dim: int = 8,
        latent_interval: int = 5,
        layer_norm: bool = False,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(
            obs,
            obs_groups,
            obs_set,
            output_dim,
            hidden_dims,
            activation,
            obs_normalization,
            log_std_bounds,
            layer_norm,
            image_channels,
        )
        if latent_dim < 1 or latent_interval < 1:
            raise ValueError(f"latent_dim and latent_interval must be positive, got {latent_dim}, {latent_interval}")
        self.latent_interval = latent_interval
        self.high_level = nn.Sequential(
            make_mlp(self.trunk.feature_dim, high_level_dims, latent_dim, activation, layer_norm), nn.Tanh()
        )
        # in place of the flat policy's network: it reads the latent as well
        self.mlp = make_mlp(self.trunk.feature_dim + latent_dim, hidden_dims, 2 * output_dim, activation, layer_norm)
        # where each environment stands; not in checkpoints
        self.register_buffer("latent", torch.zeros(self.num_envs, latent_dim), persistent=False)
        self.register_buffer("phase", torch.zeros(self.num_envs, 1, dtype=torch.long), persistent=False)

    def forward(self, obs: Observations, stochastic_output: bool = False) -> torch.Tensor:
        """Actions in [-1, 1] of the next step, shape (batch, output_dim): counts the steps of each environment.

        A batch of another size than the last one starts anew.
        """
        features = self.encode(obs)
        if features.shape[0] != self.phase.shape[0]:
            self._resize(features.shape[0])
        # the high level runs for all: whose turn it is would have to be waited for, and the batch would change its size
        latent = hold(self.high_level(features), self.latent, self.phase)
        self.latent.copy_(latent.detach())
        self.phase.add_(1).remainder_(self.latent_interval)
        return self._act(self.mlp(torch.cat((features, latent), dim=-1)), stochastic_output)

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Let the next step have a new latent where an episode ended, or everywhere.

        Args:
            dones: Non-zero where an episode ended, shape (num_envs,).
        """
        if dones is None:
            self.phase.zero_()
        else:
            self.phase.mul_((dones == 0).unsqueeze(-1))

    def deterministic_head(self) -> nn.Module:
        """Features -> actions; counts its steps, all rows of the batch together, until its `reset()`."""
        return HeldLatentHead(self._head_with_state(), self.latent[:1])

    def as_onnx(self, verbose: bool = False) -> OnnxPolicy:
        """As of any policy, and with the latent and its age as inputs and outputs; begin with zeros for both."""
        state = {"latent": torch.zeros_like(self.latent[:1]), "phase": torch.zeros_like(self.phase[:1])}
        return OnnxPolicy(self.trunk, self._head_with_state(), state)

    def _outputs(self, features: torch.Tensor) -> torch.Tensor:
        return self.mlp(torch.cat((features, self.high_level(features)), dim=-1))

    def _head_with_state(self) -> "HierarchicalHead":
        return HierarchicalHead(self.high_level, self.mlp, self.latent_interval, self.action_dim)

    @torch.inference_mode(False)  # rollouts run in inference mode, and its tensors could not be written outside it
    def _resize(self, batch: int) -> None:
        self.latent = self.latent.new_zeros(batch, self.latent.shape[1])
        self.phase = self.phase.new_zeros(batch, 1)


class HierarchicalHead(nn.Module):
    """(features, latent, phase) -> (actions, next latent, next phase); rows are robots, phase is (batch, 1)."""

    def __init__(self, high_level: nn.Module, low_level: nn.Module, interval: int, action_dim: int) -> None:
        super().__init__()
        self.high_level = high_level
        self.low_level = low_level
        self.interval = interval
        self.action_dim = action_dim

    def forward(
        self, features: torch.Tensor, latent: torch.Tensor, phase: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        latent = hold(self.high_level(features), latent, phase)
        outputs = self.low_level(torch.cat((features, latent), dim=-1))
        return torch.tanh(outputs[..., : self.action_dim]), latent, (phase + 1) % self.interval


class HeldLatentHead(nn.Module):
    """:class:`HierarchicalHead` that keeps its state between calls, features -> actions."""

    # no `from __future__ import annotations` in this file: TorchScript reads these annotations
    latent: torch.Tensor
    phase: torch.Tensor

    def __init__(self, head: HierarchicalHead, latent: torch.Tensor) -> None:
        super().__init__()
        self.head = head
        self.register_buffer("latent", torch.zeros_like(latent))
        self.register_buffer("phase", torch.zeros(1, 1, dtype=torch.long))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        actions, self.latent, self.phase = self.head(features, self.latent, self.phase)
        return actions

    @torch.jit.export
    def reset(self) -> None:
        self.phase.zero_()


def hold(fresh: torch.Tensor, held: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
    """The fresh latent where a phase begins (phase 0), else the held one, shape (batch, latent_dim)."""
    return torch.where(phase == 0, fresh, held)
