"""The vision-language-action policy: what cameras show, what a sentence asks and what the joints feel -> actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from humanoid_vla.policies.actor import Actor
from humanoid_vla.policies.attention import FusionBlock
from humanoid_vla.policies.backbone import BackboneEncoder
from humanoid_vla.policies.chunking import TemporalEnsemble
from humanoid_vla.policies.trunk import Observations, check_group
from humanoid_vla.policies.vision import PatchEncoder
from humanoid_vla.policies.vla_export import JitPlan, OnnxPlan


class VlaNetwork(nn.Module):
    """Images become tokens; the vectors become queries, which read the image tokens and then decide.

    Args:
        encoders: One for each camera's images: :class:`.vision.PatchEncoder` or :class:`.backbone.BackboneEncoder`.
        feature_dim: Length of the vectors: joints, and features of the sentence.
        output_dim: Numbers to decide on.
        dim: Length of a token.
        num_queries: Queries made of the vectors.
        num_blocks: How often they read.
        num_heads: Heads of an attention.
    """

    def __init__(
        self,
        encoders: Sequence[PatchEncoder | BackboneEncoder],
        feature_dim: int,
        output_dim: int,
        dim: int,
        num_queries: int,
        num_blocks: int,
        num_heads: int,
    ) -> None:
        super().__init__()
        self.dim, self.num_queries = dim, num_queries
        self.encoders = nn.ModuleList(encoders)
        num_tokens = sum(encoder.num_tokens for encoder in encoders)
        self.position = nn.Parameter(0.02 * torch.randn(num_tokens, dim))
        self.token_norm = nn.LayerNorm(dim)
        self.queries = nn.Sequential(nn.Linear(feature_dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, num_queries * dim))
        self.blocks = nn.ModuleList([FusionBlock(dim, num_heads) for _ in range(num_blocks)])
        self.head = nn.Sequential(
            nn.LayerNorm(num_queries * dim),
            nn.Linear(num_queries * dim, 2 * dim),
            nn.GELU(),
            nn.Linear(2 * dim, output_dim),
        )

    def forward(self, images: list[torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
        """(batch, height, width, channels) each and (k * batch, feature_dim) -> (k * batch, output_dim)."""
        tokens: list[torch.Tensor] = []
        for number, encoder in enumerate(self.encoders):
            tokens.append(encoder(images[number]))
        image_tokens = self.token_norm(torch.cat(tokens, dim=1) + self.position)
        queries = self.queries(vectors).view(-1, self.num_queries, self.dim)
        for block in self.blocks:
            queries = block(queries, image_tokens)
        return self.head(queries.flatten(1))


class VlaPolicy(Actor):
    """a = tanh(network(images, sentence, joints)), or a chunk of actions that are averaged over time.

    The sentence's few features (:mod:`.instruction_encoder`) and the joints make the queries; by attention the
    queries look for what they ask after in the images. tanh is the bound of the actions: [-1, 1] is what a task's
    action term maps into the joint limits. Sources: attention as the fusion of language and images, Jiang et al.,
    "VIMA", arXiv 2210.03094; chunks of actions, Zhao et al., "Learning fine-grained bimanual manipulation" (ACT),
    arXiv 2304.13705.

    One picture may come with several sentences: vectors of (k * batch, dim) and images of (batch, ...) give
    (k * batch, output_dim), the first k rows for the first image. It is encoded once.

    Args:
        obs: An example of the environment's observations, see :class:`humanoid_vla.policies.trunk.Trunk`. At least one
            group must be images, and one vectors.
        obs_groups: Observation set -> names of the groups it reads, in order.
        obs_set: The set this policy reads, usually "actor".
        output_dim: Number of actions.
        chunk_size: Actions to predict at once. More than 1 are averaged over time, see :class:`.TemporalEnsemble`.
        obs_normalization: Whether the vectors are normalised with running statistics.
        dim: Length of a token.
        num_queries: Queries made of the vectors.
        num_blocks: How often they read the image.
        num_heads: Heads of an attention.
        backbone: A model of `timm` to encode images with; None for the small encoder.
        pretrained: Whether to fetch the backbone's weights.

    Raises:
        ValueError: If a group is missing or of the wrong shape, or there are no images or no vectors.
    """

    def __init__(
        self,
        obs: Observations,
        obs_groups: dict[str, list[str]],
        obs_set: str,
        output_dim: int,
        chunk_size: int = 1,
        obs_normalization: bool = True,
        dim: int = 128,
        num_queries: int = 4,
        num_blocks: int = 2,
        num_heads: int = 4,
        backbone: str | None = None,
        pretrained: bool = True,
    ) -> None:
        groups = obs_groups[obs_set]
        for group in groups:
            check_group(obs, group)
        vectors = [group for group in groups if obs[group].dim() == 2]
        images = [group for group in groups if obs[group].dim() == 4]
        if not vectors or not images:
            raise ValueError(f"a vision-language-action policy reads images and vectors; the groups are {groups}")
        super().__init__(obs, {obs_set: vectors}, obs_set, output_dim, obs_normalization)
        self.obs_groups, self.image_groups = list(groups), images
        self.group_shapes = {group: tuple(obs[group].shape[1:]) for group in groups}
        self.chunk_size = chunk_size
        sizes: list[Any] = [self.group_shapes[group] for group in images]
        encoders = [
            PatchEncoder(height, width, channels, dim)
            if backbone is None
            else BackboneEncoder(backbone, pretrained, height, width, channels, dim)
            for height, width, channels in sizes
        ]
        self.network = VlaNetwork(
            encoders, self.trunk.feature_dim, chunk_size * output_dim, dim, num_queries, num_blocks, num_heads
        )
        self.ensemble = TemporalEnsemble(chunk_size, output_dim)

    def plan(self, obs: Observations) -> torch.Tensor:
        """The next actions, in [-1, 1], shape (k * batch, chunk_size, output_dim)."""
        output = self.network([obs[group] for group in self.image_groups], self.encode(obs))
        # in full precision also under autocast: bfloat16 keeps three digits of an action near 1
        return torch.tanh(output.float()).unflatten(-1, (self.chunk_size, self.action_dim))

    def forward(self, obs: Observations, stochastic_output: bool = False) -> torch.Tensor:
        """Actions in [-1, 1], shape (batch, output_dim); the policy has no noise to explore with."""
        plan = self.plan(obs)
        return plan[:, 0] if self.chunk_size == 1 else self.ensemble(plan)

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Forget the plans of the episodes that ended, where `dones` is set, or all.

        Args:
            dones: Non-zero where an episode ended, shape (num_envs,).
        """
        self.ensemble.reset(dones)

    def as_jit(self) -> nn.Module:
        """The policy for TorchScript: a list of the groups, in the order of :attr:`obs_groups`, -> the plan."""
        return JitPlan(self)

    def as_onnx(self, verbose: bool = False) -> nn.Module:
        """The policy for ONNX: every group by its name -> `actions`, (batch, output_dim), or the whole chunk."""
        return OnnxPlan(self)
