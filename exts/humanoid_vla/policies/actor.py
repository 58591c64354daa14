"""What RSL-RL and the off-policy algorithms ask of every actor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import nn

from humanoid_vla.policies.encoders import IMAGE_CHANNELS
from humanoid_vla.policies.export import FlatPolicy, GroupsPolicy, OnnxPolicy
from humanoid_vla.policies.trunk import Observations, TrunkNetwork


class Actor(TrunkNetwork):
    """Observations in, actions out, with the exports that RSL-RL's runner writes.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this policy reads, usually "actor".
        output_dim: Number of actions.
        obs_normalization: Whether observations are normalised with running statistics.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape.
    """

    is_recurrent: bool = False

    def __init__(
        self,
        obs: Observations,
        obs_groups: dict[str, list[str]],
        obs_set: str,
        output_dim: int,
        obs_normalization: bool = True,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__(obs, obs_groups, obs_set, obs_normalization, image_channels)
        self.group_shapes = self.trunk.group_shapes
        self.action_dim = output_dim
        self.num_envs = obs[self.obs_groups[0]].shape[0]
        self._last_std = torch.ones(output_dim)

    @abstractmethod
    def forward(self, obs: Observations, stochastic_output: bool = False) -> torch.Tensor:
        """Actions, shape (batch, output_dim): the best ones, or for exploration."""

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Forget the episodes that ended, where `dones` is set, or all; here there is nothing to forget.

        Args:
            dones: Non-zero where an episode ended, shape (num_envs,).
        """

    @property
    def output_std(self) -> torch.Tensor:
        """Standard deviation of the exploration at the last stochastic forward pass; ones before the first."""
        return self._last_std

    @abstractmethod
    def as_jit(self) -> nn.Module:
        """The deterministic policy for TorchScript."""

    @abstractmethod
    def as_onnx(self, verbose: bool = False) -> nn.Module:
        """The deterministic policy for ONNX; carries `input_names`, `output_names` and `get_dummy_inputs()`."""


class HeadActor(Actor):
    """An actor that is a trunk and a head behind it, which its exports are made of; arguments as above."""

    @abstractmethod
    def deterministic_head(self) -> nn.Module:
        """The part of the policy behind its trunk, features -> best actions, for TorchScript and ONNX."""

    def as_jit(self) -> nn.Module:
        """The deterministic policy for TorchScript.

        It reads one flat observation (batch, obs_dim), or where the policy sees images a list of the groups in the
        order of :attr:`obs_groups`.
        """
        return (GroupsPolicy if self.trunk.image_groups else FlatPolicy)(self.trunk, self.deterministic_head())

    def as_onnx(self, verbose: bool = False) -> OnnxPolicy:
        """The deterministic policy for ONNX; carries `input_names`, `output_names` and `get_dummy_inputs()`.

        It reads every observation group by its name.
        """
        return OnnxPolicy(self.trunk, self.deterministic_head())
