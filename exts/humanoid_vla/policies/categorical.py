"""Policy over a few named actions, the actor of discrete soft actor-critic."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from humanoid_vla.policies.actor import HeadActor
from humanoid_vla.policies.encoders import IMAGE_CHANNELS
from humanoid_vla.policies.mlp import make_mlp
from humanoid_vla.policies.trunk import Observations

ACTION_NAMES = ("move_forward", "turn_left", "turn_right", "stop", "grasp", "release")


class CategoricalPolicy(HeadActor):
    """One of n named actions, as one-hot rows.

    RSL-RL's wrappers and Isaac Lab's action terms take float tensors (num_envs, num_actions), so an action is a row
    with a one at its index: the environment's action term has one dimension a name, and reads the largest.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this policy reads, usually "actor".
        output_dim: Number of actions; as many as names.
        hidden_dims: Widths of the hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.
        action_names: Names of the actions, in the order of the one-hot rows.
        layer_norm: Whether each hidden layer is normalised before its activation.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape, or there is not one different name an action.
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
        action_names: Sequence[str] = ACTION_NAMES,
        layer_norm: bool = False,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(obs, obs_groups, obs_set, output_dim, obs_normalization, image_channels)
        self.action_names = tuple(action_names)
        if len(set(self.action_names)) != output_dim or len(self.action_names) != output_dim:
            raise ValueError(
                f"the environment has {output_dim} actions, each needs a name of its own; action_names is"
                f" {list(self.action_names)}"
            )
        self.mlp = make_mlp(self.trunk.feature_dim, hidden_dims, output_dim, activation, layer_norm)

    def forward(self, obs: Observations, stochastic_output: bool = False) -> torch.Tensor:
        """One-hot actions, shape (batch, output_dim): the most probable, or a sample."""
        features = self.encode(obs)
        if not stochastic_output:
            return one_hot_argmax(self.mlp(features))
        probs, log_probs = self.distribution(features)
        self._last_std = (probs * (1.0 - probs)).sqrt().detach()  # of each entry of the one-hot rows
        return _draw(log_probs)

    def distribution(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The full distribution.

        Args:
            features: What :meth:`encode` makes of observations, shape (batch, feature_dim).

        Returns:
            pi(.|s) and log pi(.|s), both (batch, output_dim).
        """
        log_probs = F.log_softmax(self.mlp(features).float(), dim=-1)  # in full precision also under autocast
        return log_probs.exp(), log_probs

    def sample(self, features: torch.Tensor) -> torch.Tensor:
        """One-hot actions drawn from the distribution, (batch, feature_dim) -> (batch, output_dim); no gradient."""
        return _draw(self.distribution(features)[1])

    def deterministic_head(self) -> nn.Module:
        """Features -> one-hot rows of the most probable actions."""
        return nn.Sequential(self.mlp, OneHotArgmax())


class OneHotArgmax(nn.Module):
    """:func:`one_hot_argmax` as a module."""

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        return one_hot_argmax(scores)


def one_hot_argmax(scores: torch.Tensor) -> torch.Tensor:
    """Rows with a one at the largest score, float, same shape."""
    return F.one_hot(scores.argmax(dim=-1), scores.shape[-1]).float()


@torch.no_grad()
def _draw(log_probs: torch.Tensor) -> torch.Tensor:
    # the Gumbel-max trick: argmax(log p - log e) with e exponentially distributed has distribution p
    return one_hot_argmax(log_probs - torch.empty_like(log_probs).exponential_().log())
