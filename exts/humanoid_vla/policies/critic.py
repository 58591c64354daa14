"""Q networks, several evaluated together."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from humanoid_vla.policies.encoders import IMAGE_CHANNELS
from humanoid_vla.policies.ensemble import EnsembleMLP
from humanoid_vla.policies.trunk import Observations, TrunkNetwork
from humanoid_vla.policies.value_heads import REDUCTIONS, CategoricalHead, ScalarHead, reduce_critics


class EnsembleCritic(TrunkNetwork):
    """Q_i(s, a) of continuous actions, as values or as distributions over values.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this critic reads, usually "critic".
        num_actions: Number of actions.
        hidden_dims: Widths of the hidden layers.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        obs_normalization: Whether observations are normalised with running statistics.
        num_critics: Number of independently initialised critics.
        layer_norm: Whether each hidden layer is normalised before its activation.
        reduction: How several values become one: "min" or "mean".
        num_atoms: Atoms of a distribution over values (C51); None for plain values.
        value_range: Smallest and largest atom [reward]; needed with `num_atoms`, and only then.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape, the reduction is unknown, or only one of `num_atoms`
            and `value_range` is given.
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
        num_critics: int = 2,
        layer_norm: bool = False,
        reduction: str = "min",
        num_atoms: int | None = None,
        value_range: tuple[float, float] | None = None,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(obs, obs_groups, obs_set, obs_normalization, image_channels)
        self.reduction = _checked_reduction(reduction)
        if num_atoms is None and value_range is None:
            self.head = ScalarHead()
        elif num_atoms is not None and value_range is not None:
            self.head = CategoricalHead(num_atoms, *value_range)
        else:
            raise ValueError(f"give both num_atoms and value_range or neither, got {num_atoms} and {value_range}")
        input_dim = self.trunk.feature_dim + num_actions
        self.mlp = EnsembleMLP(num_critics, input_dim, hidden_dims, self.head.num_outputs, activation, layer_norm)

    def forward(self, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Outputs that :attr:`head` understands, shape (critics, batch, head.num_outputs).

        Args:
            features: What :meth:`encode` makes of observations, shape (batch, feature_dim).
            actions: Actions in [-1, 1], shape (batch, num_actions).
        """
        return self.mlp(torch.cat((features, actions), dim=-1))

    def q_values(self, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Value of every critic, shape (critics, batch)."""
        return self.head.values(self(features, actions))

    def value(self, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Values of all critics reduced to one, shape (batch,)."""
        return reduce_critics(self.q_values(features, actions), self.reduction)


class DiscreteCritic(TrunkNetwork):
    """Q_i(s, .) of all discrete actions at once.

    For the arguments see :class:`EnsembleCritic`.

    Raises:
        ValueError: If a group is missing or of the wrong shape, or the reduction is unknown.
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
        num_critics: int = 2,
        layer_norm: bool = False,
        reduction: str = "min",
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(obs, obs_groups, obs_set, obs_normalization, image_channels)
        self.reduction = _checked_reduction(reduction)
        self.mlp = EnsembleMLP(num_critics, self.trunk.feature_dim, hidden_dims, num_actions, activation, layer_norm)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Values of every critic for every action, (batch, feature_dim) -> (critics, batch, num_actions)."""
        return self.mlp(features)

    def value(self, features: torch.Tensor) -> torch.Tensor:
        """Values of all critics reduced to one, (batch, feature_dim) -> (batch, num_actions)."""
        return reduce_critics(self(features), self.reduction)


def _checked_reduction(reduction: str) -> str:
    if reduction not in REDUCTIONS:
        raise ValueError(f"unknown reduction '{reduction}'; choose one of {list(REDUCTIONS)}")
    return reduction
