"""Small algorithms and batches for tests of formulas."""

from __future__ import annotations

from typing import Any

import torch

from humanoid_vla.agents.constraints import Constraints
from humanoid_vla.agents.ddpg import DDPG
from humanoid_vla.agents.discrete_sac import DiscreteSAC
from humanoid_vla.agents.lagrangian import DDPGLagrangian, SACLagrangian
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.sac import SAC
from humanoid_vla.policies.categorical import CategoricalPolicy
from humanoid_vla.policies.cost_critic import CostCritic
from humanoid_vla.policies.critic import DiscreteCritic, EnsembleCritic
from humanoid_vla.policies.deterministic import DeterministicPolicy
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy

OBS = {"policy": torch.zeros(4, 3)}
GROUPS = {"actor": ["policy"], "critic": ["policy"]}
QUICK: dict[str, Any] = {"learning_starts": 0, "batch_size": 8}


def make_sac(critic: dict[str, Any] | None = None, normalize: bool = False, **settings: Any) -> SAC:
    torch.manual_seed(0)
    actor = SquashedGaussianPolicy(OBS, GROUPS, "actor", 2, (8,), obs_normalization=normalize)
    critics = EnsembleCritic(OBS, GROUPS, "critic", 2, (8,), obs_normalization=normalize, **(critic or {}))
    return SAC(actor, critics, ReplayBuffer(OBS, 2, 400, settings.get("device", "cpu")), **QUICK | settings)


def make_ddpg(critic: dict[str, Any] | None = None, **settings: Any) -> DDPG:
    torch.manual_seed(0)
    actor = DeterministicPolicy(OBS, GROUPS, "actor", 2, (8,), obs_normalization=False)
    critics = EnsembleCritic(OBS, GROUPS, "critic", 2, (8,), obs_normalization=False, **(critic or {}))
    return DDPG(actor, critics, ReplayBuffer(OBS, 2, 400, settings.get("device", "cpu")), **QUICK | settings)


def make_sac_lagrangian(confidence: float = 1.0, **settings: Any) -> SACLagrangian:
    sac = make_sac()
    return SACLagrangian(sac.actor, sac.critic, **constrained(confidence) | QUICK | settings)


def make_ddpg_lagrangian(confidence: float = 1.0, **settings: Any) -> DDPGLagrangian:
    ddpg = make_ddpg()
    return DDPGLagrangian(ddpg.actor, ddpg.critic, **constrained(confidence) | QUICK | settings)


def constrained(confidence: float) -> dict[str, Any]:
    """Three costs, of which the last may be 4 an episode and the first 0.5."""
    obs = OBS | {"cost": torch.zeros(4, 3)}
    critic = CostCritic(
        OBS, GROUPS, "critic", 2, 2, (8,), num_critics=2, confidence=confidence, obs_normalization=False
    )
    constraints = Constraints({"c": 4.0, "a": 0.5}, ["a", "b", "c"])
    return {"buffer": ReplayBuffer(obs, 2, 400, "cpu"), "cost_critic": critic, "constraints": constraints}


def make_discrete_sac(**settings: Any) -> DiscreteSAC:
    torch.manual_seed(0)
    actor = CategoricalPolicy(OBS, GROUPS, "actor", 2, (8,), obs_normalization=False, action_names=("left", "right"))
    critics = DiscreteCritic(OBS, GROUPS, "critic", 2, (8,), obs_normalization=False)
    return DiscreteSAC(actor, critics, ReplayBuffer(OBS, 2, 400, settings.get("device", "cpu")), **QUICK | settings)


def make_batch(size: int = 8, one_hot: bool = False) -> Batch:
    """Every second transition ends in a failure; gamma is 0.9."""
    obs, next_obs = {"policy": torch.randn(size, 3)}, {"policy": torch.randn(size, 3)}
    actions = torch.eye(2)[torch.arange(size) % 2] if one_hot else 2.0 * torch.rand(size, 2) - 1.0
    terminated = (torch.arange(size) % 2).float()
    return Batch(obs, actions, torch.randn(size), next_obs, terminated, 0.9 * (1.0 - terminated))


def two_transitions() -> Batch:
    """Rewards 1 and 2; the first goes on with gamma 0.9, the second ends in a failure."""
    obs = {"policy": torch.zeros(2, 3)}
    terminated = torch.tensor([0.0, 1.0])
    return Batch(obs, torch.eye(2), torch.tensor([1.0, 2.0]), obs, terminated, torch.tensor([0.9, 0.0]))
