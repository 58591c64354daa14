"""Copies of a vision-language-action policy that TorchScript and ONNX can read; the normaliser is inside."""

import copy
from typing import Any

import torch
from torch import nn

from humanoid_vla.policies.export import vector_features


class JitPlan(nn.Module):
    """A list of the observation groups in the policy's order -> actions, or the chunk of them.

    Args:
        policy: A :class:`humanoid_vla.policies.vla.VlaPolicy`.
    """

    # TorchScript reads these annotations, for want of a type of empty lists; no `from __future__ import annotations`
    vectors: list[int]
    images: list[int]

    def __init__(self, policy: Any) -> None:
        super().__init__()
        self.vectors = [policy.obs_groups.index(group) for group in policy.trunk.vector_groups]
        self.images = [policy.obs_groups.index(group) for group in policy.image_groups]
        self.vector_features = vector_features(policy.trunk)
        self.network = copy.deepcopy(policy.network).eval()
        self.chunk_size = policy.chunk_size

    def forward(self, obs: list[torch.Tensor]) -> torch.Tensor:
        """(batch, output_dim), or (batch, chunk_size, output_dim) where the policy plans further than a step."""
        features = self.vector_features(torch.cat([obs[index] for index in self.vectors], dim=-1))
        actions = torch.tanh(self.network([obs[index] for index in self.images], features))
        return actions if self.chunk_size == 1 else actions.view(actions.shape[0], self.chunk_size, -1)


class OnnxPlan(nn.Module):
    """The same with each group as an input of its name, and what `OnPolicyRunner.export_policy_to_onnx` asks for.

    Args:
        policy: A :class:`humanoid_vla.policies.vla.VlaPolicy`.
    """

    def __init__(self, policy: Any) -> None:
        super().__init__()
        self.plan = JitPlan(policy)
        self.input_names, self.output_names = list(policy.obs_groups), ["actions"]
        self._dummy_inputs = tuple(
            torch.zeros(1, *shape, dtype=torch.uint8 if group in policy.image_groups else torch.float)
            for group, shape in policy.group_shapes.items()
        )

    def forward(self, *obs: torch.Tensor) -> torch.Tensor:
        return self.plan(list(obs))

    def get_dummy_inputs(self) -> tuple[torch.Tensor, ...]:
        """One example of every input."""
        return self._dummy_inputs
