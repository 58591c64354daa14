"""Configuration classes of this package's learning algorithms, shared by all task families.

They name the algorithm by string: tasks and agents do not import each other.
"""

from __future__ import annotations

from dataclasses import MISSING

import torch
from isaaclab.utils import configclass
from isaaclab_rl.rsl_rl import RslRlMLPModelCfg, RslRlOnPolicyRunnerCfg, RslRlSymmetryCfg


def default_device() -> str:
    """The device to run on unless told otherwise: the first GPU where there is one, else the CPU."""
    return "cuda:0" if torch.cuda.is_available() else "cpu"


@configclass
class ActorCfg(RslRlMLPModelCfg):
    """Keyword arguments of :class:`humanoid_vla.policies.squashed_gaussian.SquashedGaussianPolicy`."""

    class_name: str = "humanoid_vla.policies.squashed_gaussian:SquashedGaussianPolicy"
    hidden_dims: list[int] = [256, 256]
    activation: str = "relu"
    obs_normalization: bool = True


@configclass
class CriticCfg(RslRlMLPModelCfg):
    """Keyword arguments of :class:`humanoid_vla.policies.critic.TwinCritic`."""

    class_name: str = "humanoid_vla.policies.critic:TwinCritic"
    hidden_dims: list[int] = [256, 256]
    activation: str = "relu"
    obs_normalization: bool = True


@configclass
class SacAlgorithmCfg:
    """Keyword arguments of :class:`humanoid_vla.agents.sac.SAC`, documented there."""

    class_name: str = "humanoid_vla.agents.sac:SAC"
    gamma: float = 0.99
    tau: float = 0.005
    actor_learning_rate: float = 3e-4
    critic_learning_rate: float = 3e-4
    alpha_learning_rate: float = 3e-4
    initial_temperature: float = 0.2
    target_entropy_per_dim: float = -1.0
    batch_size: int = 256
    buffer_size: int = 1_000_000
    learning_starts: int = 5_000
    updates_per_step: float = 4.0
    symmetry_cfg: RslRlSymmetryCfg | None = None
    policy_delay: int = 1
    decay_updates: int | None = None
    save_replay_buffer: bool = False


@configclass
class SacRunnerCfg(RslRlOnPolicyRunnerCfg):
    """RSL-RL's runner with SAC: every iteration is ``num_steps_per_env`` steps and their gradient updates."""

    device: str = default_device()
    num_steps_per_env: int = 8
    max_iterations: int = MISSING  # type: ignore
    save_interval: int = 100
    experiment_name: str = MISSING  # type: ignore
    clip_actions: float = 1.0
    actor: ActorCfg = ActorCfg()
    critic: CriticCfg = CriticCfg()
    algorithm: SacAlgorithmCfg = SacAlgorithmCfg()
