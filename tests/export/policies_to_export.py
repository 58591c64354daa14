"""A small policy of every kind, a task for it that is only described, and what it saw there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from bundles import make_joints  # type: ignore  (beside the tests of runtime)
from rsl_rl.models import MLPModel
from tensordict import TensorDict

from humanoid_vla.export.describe import TaskDescription
from humanoid_vla.export.graph import Affine
from humanoid_vla.policies.categorical import CategoricalPolicy
from humanoid_vla.policies.deterministic import DeterministicPolicy
from humanoid_vla.policies.hierarchical import HierarchicalPolicy
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy
from humanoid_vla.policies.vla import VlaPolicy
from humanoid_vla.runtime.bundle import Input, Term

SHAPES: dict[str, tuple[int, ...]] = {"proprio": (9,), "camera": (16, 24, 3), "language": (7,), "state": (4,)}
NUM_ACTIONS = 3
VECTORS, ALL = ["proprio", "state"], ["proprio", "language", "camera", "state"]
POLICIES: dict[str, tuple[Any, list[str], dict[str, Any]]] = {
    "sac": (SquashedGaussianPolicy, VECTORS, {"hidden_dims": [16]}),
    "sac_camera": (SquashedGaussianPolicy, ALL, {"hidden_dims": [16], "image_channels": (4, 8)}),
    "ddpg": (DeterministicPolicy, VECTORS, {"hidden_dims": [16]}),
    "discrete": (CategoricalPolicy, VECTORS, {"hidden_dims": [16], "action_names": ("left", "right", "stop")}),
    "hierarchical": (HierarchicalPolicy, VECTORS, {"hidden_dims": [16], "high_level_dims": [16]}),
    "vla": (VlaPolicy, ALL, {"dim": 16, "num_heads": 2}),
    "vla_chunks": (VlaPolicy, ALL, {"dim": 16, "num_heads": 2, "num_blocks": 1, "chunk_size": 4}),
    "ppo": (
        MLPModel,
        VECTORS,
        {
            "hidden_dims": [16],
            "obs_normalization": True,
            "distribution_cfg": {"class_name": "GaussianDistribution", "init_std": 0.5},
        },
    ),
}
"""Kind -> its class, what it reads, and its settings."""


def make_obs(batch: int, groups: Sequence[str] = tuple(SHAPES)) -> TensorDict:
    values = {
        name: torch.randint(0, 256, (batch, *shape), dtype=torch.uint8) if len(shape) == 3 else
        1.0 + 2.0 * torch.randn(batch, *shape)
        for name, shape in SHAPES.items()
    }  # fmt: skip
    return TensorDict({name: values[name] for name in groups}, batch_size=[batch])


def make_policy(kind: str) -> Any:
    torch.manual_seed(0)
    policy_class, groups, settings = POLICIES[kind]
    policy = policy_class(make_obs(2), {"actor": groups}, "actor", NUM_ACTIONS, **settings)
    policy.train()
    policy.update_normalization(make_obs(100))
    if kind == "ppo":  # whose actions may be beyond [-1, 1]
        policy.mlp[-1].weight.data.mul_(10.0)
    return policy.eval()


def make_recording(groups: Sequence[str], steps: int = 7, robots: int = 64) -> dict[str, torch.Tensor]:
    """(steps, robots, ...) each; more steps than a latent is held."""
    obs = [make_obs(robots, groups) for _ in range(steps)]
    return {group: torch.stack([step[group] for step in obs]) for group in groups}


def make_description(groups: Sequence[str]) -> TaskDescription:
    """A task of three joints."""
    joints = make_joints()
    values: dict[str, Any] = {name: value[4:7] for name, value in vars(joints).items()}
    joints = replace(joints, **values | {"follows": np.arange(NUM_ACTIONS)})
    inputs = tuple(
        Input(
            name=name,
            dtype="uint8" if len(SHAPES[name]) == 3 else "float32",
            shape=SHAPES[name],
            history=1,
            terms=(Term(name, name, 0, SHAPES[name][-1], "", {}),),
        )
        for name in groups
    )
    scaling = Affine(joints.default.tolist(), joints.scale.tolist())
    return TaskDescription(
        policy_dt=0.02, inputs=inputs, action_kind="joint_position", commands={}, walks_with={}, joints=joints,
        fixed_base=True, filter_settings={}, keep_out={}, cameras=(), language=None, scaling=scaling,
    )  # fmt: skip
