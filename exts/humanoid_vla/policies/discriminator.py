"""Tells an expert's behaviour from a policy's."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from humanoid_vla.policies.encoders import IMAGE_CHANNELS
from humanoid_vla.policies.mlp import make_mlp
from humanoid_vla.policies.trunk import Observations, TrunkNetwork


class Discriminator(TrunkNetwork):
    """The logit of D(s, a), the probability that an expert did a in s.

    A third input says whether the episode is over and s is where it ended, see :class:`humanoid_vla.agents.gail.GAIL`.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this network reads, usually "discriminator".
        num_actions: Number of actions.
        hidden_dims: Widths of the hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape.
    """

    def __init__(
        self,
        obs: Observations,
        obs_groups: dict[str, list[str]],
        obs_set: str,
        num_actions: int,
        hidden_dims: Sequence[int] = (256, 256),
        activation: str = "relu",
        obs_normalization: bool = True,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(obs, obs_groups, obs_set, obs_normalization, image_channels)
        self.mlp = make_mlp(self.trunk.feature_dim + num_actions + 1, hidden_dims, 1, activation)

    def inputs(self, obs: Observations, actions: torch.Tensor, over: torch.Tensor) -> torch.Tensor:
        """What :meth:`forward` reads, shape (batch, feature_dim + num_actions + 1).

        Args:
            obs: Observation groups, each (batch, *shape).
            actions: Actions in [-1, 1], shape (batch, num_actions); zeros where the episode is over.
            over: Whether the episode ended in `obs`, shape (batch,), bool.
        """
        return torch.cat((self.encode(obs), actions, over.unsqueeze(-1)), dim=-1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """log D - log(1 - D), shape (batch,)."""
        return self.mlp(inputs).squeeze(-1)

    def gradient_penalty(self, expert: torch.Tensor, policy: torch.Tensor) -> torch.Tensor:
        """E[(|d logit / d x| - 1)^2] at random points x between the inputs of an expert and of a policy.

        With it the logit, and so the reward, is locally Lipschitz: an off-policy critic learns nothing useful from a
        reward that jumps (Blonde et al., "Lipschitzness is all you need to tame off-policy generative adversarial
        imitation learning", arXiv 2006.16785). Source: Gulrajani et al., "Improved training of Wasserstein GANs",
        arXiv 1704.00028, eq. 3.

        Args:
            expert: What :meth:`inputs` gives, shape (batch, feature_dim + num_actions + 1).
            policy: Likewise, as many.

        Returns:
            The penalty, without dimensions; its gradient reaches the layers behind the trunk.
        """
        share = torch.rand(expert.shape[0], 1, device=expert.device)
        x = torch.lerp(policy.detach(), expert.detach(), share).requires_grad_()
        (gradient,) = torch.autograd.grad(self(x).sum(), x, create_graph=True)
        return (torch.linalg.vector_norm(gradient, dim=-1) - 1.0).square().mean()
