"""From named observation groups to the one feature vector that a network reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from tensordict import TensorDict
from torch import nn

from humanoid_vla.policies.encoders import IMAGE_CHANNELS, ImageEncoder
from humanoid_vla.policies.instruction_encoder import InstructionEncoder
from humanoid_vla.policies.normalization import RunningNormalizer

LANGUAGE_GROUP = "language"  # of this name, and no other, is the group with the instruction's embedding
Observations = TensorDict | Mapping[str, torch.Tensor]  # group -> (batch, *shape)


class Trunk(nn.Module):
    """Vectors side by side and normalised, behind them the features of each image.

    Of the group ``language`` an :class:`~.instruction_encoder.InstructionEncoder` leaves a few features.

    Args:
        obs: An example of the environment's observations: vectors (num_envs, dim) and uint8 images
            (num_envs, height, width, channels), Isaac Lab's order.
        groups: Names of the groups to read, in order.
        obs_normalization: Whether the vectors are normalised with running statistics.
        image_channels: Channels after each convolution of the image encoders, one encoder an image group.

    Raises:
        ValueError: If a group is missing, or is neither a batch of vectors nor one of images.
    """

    def __init__(
        self,
        obs: Observations,
        groups: Sequence[str],
        obs_normalization: bool = True,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__()
        self.obs_groups = list(groups)
        for group in groups:
            check_group(obs, group)
        self.vector_groups = [group for group in groups if obs[group].dim() == 2]
        self.image_groups = [group for group in groups if obs[group].dim() == 4]
        self.group_shapes = {group: tuple(obs[group].shape[1:]) for group in groups}
        self.obs_dim = sum(self.group_shapes[group][0] for group in self.vector_groups)
        normalized = obs_normalization and self.obs_dim > 0
        self.obs_normalizer = RunningNormalizer(self.obs_dim) if normalized else nn.Identity()
        self.instruction_encoder = self._make_instruction_encoder()
        encoders = [ImageEncoder(*obs[group].shape[1:], conv_channels=image_channels) for group in self.image_groups]
        self.encoders = nn.ModuleList(encoders)
        self.feature_dim = self.obs_dim + sum(encoder.output_dim for encoder in encoders)
        if isinstance(self.instruction_encoder, InstructionEncoder):
            self.feature_dim += self.instruction_encoder.num_features - self.group_shapes[LANGUAGE_GROUP][0]

    def _make_instruction_encoder(self) -> nn.Module:
        if LANGUAGE_GROUP not in self.vector_groups:
            return nn.Identity()
        before = self.vector_groups[: self.vector_groups.index(LANGUAGE_GROUP)]
        start = sum(self.group_shapes[group][0] for group in before)
        return InstructionEncoder(start, self.group_shapes[LANGUAGE_GROUP][0])

    def forward(self, obs: Observations) -> torch.Tensor:
        """Features, shape (batch, feature_dim)."""
        if not self.image_groups:  # the usual case needs no copy
            return self.encode_vectors(self.flatten(obs))
        features = [self.encode_vectors(self.flatten(obs))] if self.vector_groups else []
        features += [encoder(obs[group]) for encoder, group in zip(self.encoders, self.image_groups, strict=True)]
        return torch.cat(features, dim=-1)

    def encode_vectors(self, vectors: torch.Tensor) -> torch.Tensor:
        """Features of the vector groups side by side, (batch, obs_dim) -> (batch, features)."""
        return self.instruction_encoder(self.obs_normalizer(vectors))

    def flatten(self, obs: Observations) -> torch.Tensor:
        """The vector groups side by side as the environment gives them, shape (batch, obs_dim)."""
        if len(self.vector_groups) == 1:  # no copy
            return obs[self.vector_groups[0]]
        return torch.cat([obs[group] for group in self.vector_groups], dim=-1)

    def update_normalization(self, obs: Observations) -> None:
        """Let the normaliser learn from a batch of observations."""
        if isinstance(self.obs_normalizer, RunningNormalizer):
            self.obs_normalizer.update(self.flatten(obs))


class TrunkNetwork(nn.Module):
    """What actors and critics share: a trunk over the groups of one observation set.

    Args:
        obs: An example of the environment's observations, see :class:`Trunk`.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this network reads, usually "actor" or "critic".
        obs_normalization: Whether the vectors are normalised with running statistics.
        image_channels: Channels after each convolution of the image encoders.

    Raises:
        ValueError: If a group is missing or of the wrong shape.
    """

    def __init__(
        self,
        obs: Observations,
        obs_groups: dict[str, list[str]],
        obs_set: str,
        obs_normalization: bool = True,
        image_channels: Sequence[int] = IMAGE_CHANNELS,
    ) -> None:
        super().__init__()
        self.trunk = Trunk(obs, obs_groups[obs_set], obs_normalization, image_channels)
        self.obs_groups = self.trunk.obs_groups
        self.obs_dim = self.trunk.obs_dim

    def encode(self, obs: Observations) -> torch.Tensor:
        """Features of the observations, shape (batch, trunk.feature_dim)."""
        return self.trunk(obs)

    def update_normalization(self, obs: Observations) -> None:
        """Let the observation normaliser learn from a batch of observations."""
        self.trunk.update_normalization(obs)


def check_group(obs: Observations, group: str) -> None:
    """Raise a ValueError where a group is missing, or is neither a batch of vectors nor one of images."""
    if group not in obs.keys():  # noqa: SIM118 - a TensorDict has no `in` of its own
        raise ValueError(f"observation group '{group}' is missing; the environment gives {sorted(obs.keys())}")
    value = obs[group]
    if value.dim() != 2 and not (value.dim() == 4 and value.dtype == torch.uint8):
        raise ValueError(
            f"observation group '{group}' must be vectors (num_envs, dim) or uint8 images (num_envs, height, width,"
            f" channels), got {value.dtype} of shape {tuple(value.shape)}"
        )
