"""Deterministic copies of a policy that TorchScript and ONNX can read; the normaliser is inside."""

import copy

import torch
from torch import nn

from humanoid_vla.policies.trunk import Trunk


class FlatPolicy(nn.Module):
    """features -> head, on one flat observation of shape (batch, obs_dim)."""

    def __init__(self, trunk: Trunk, head: nn.Module) -> None:
        super().__init__()
        self.features = vector_features(trunk)
        self.head = copy.deepcopy(head)

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(obs))


class GroupsPolicy(nn.Module):
    """trunk -> head, on a list of the observation groups in the trunk's order."""

    def __init__(self, trunk: Trunk, head: nn.Module) -> None:
        super().__init__()
        self.features = GroupFeatures(trunk)
        self.head = copy.deepcopy(head)

    def forward(self, obs: list[torch.Tensor]) -> torch.Tensor:
        return self.head(self.features(obs))


class GroupFeatures(nn.Module):
    """What :meth:`Trunk.forward` does, from a list instead of names."""

    # TorchScript reads these annotations, for want of a type of empty lists; no `from __future__ import annotations`
    vectors: list[int]
    images: list[int]

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.vectors = [trunk.obs_groups.index(group) for group in trunk.vector_groups]
        self.images = [trunk.obs_groups.index(group) for group in trunk.image_groups]
        self.vector_features = vector_features(trunk)
        self.encoders = copy.deepcopy(trunk.encoders)

    def forward(self, obs: list[torch.Tensor]) -> torch.Tensor:
        features: list[torch.Tensor] = []
        if len(self.vectors) > 0:
            features.append(self.vector_features(torch.cat([obs[index] for index in self.vectors], dim=-1)))
        for number, encoder in enumerate(self.encoders):
            features.append(encoder(obs[self.images[number]]))
        return torch.cat(features, dim=-1)


class OnnxPolicy(nn.Module):
    """With what `OnPolicyRunner.export_policy_to_onnx` asks for.

    Inputs are the observation groups by their names; then the state, if there is any.

    Args:
        trunk: The policy's trunk.
        head: Features -> actions; with state, features and state -> actions and the state after the step.
        state: Name -> first value of what is carried from step to step; the outputs are called `next_<name>`.
    """

    def __init__(self, trunk: Trunk, head: nn.Module, state: dict[str, torch.Tensor] | None = None) -> None:
        super().__init__()
        state = state or {}
        self.features = GroupFeatures(trunk)
        self.head = copy.deepcopy(head)
        self.num_obs = len(trunk.obs_groups)
        self.input_names = [*trunk.obs_groups, *state]
        self.output_names = ["actions", *(f"next_{name}" for name in state)]
        self._dummy_inputs = (*_example(trunk), *state.values())

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        obs, state = inputs[: self.num_obs], inputs[self.num_obs :]
        return self.head(self.features(list(obs)), *state)

    def get_dummy_inputs(self) -> tuple[torch.Tensor, ...]:
        """One example of every input."""
        return self._dummy_inputs


def vector_features(trunk: Trunk) -> nn.Module:
    """What :meth:`Trunk.encode_vectors` does: a copy, for use rather than training."""
    return copy.deepcopy(nn.Sequential(trunk.obs_normalizer, trunk.instruction_encoder)).eval()


def _example(trunk: Trunk) -> list[torch.Tensor]:
    """Zeros in the place of each observation group, batch 1."""
    return [
        torch.zeros(1, *shape, dtype=torch.uint8 if group in trunk.image_groups else torch.float)
        for group, shape in trunk.group_shapes.items()
    ]
