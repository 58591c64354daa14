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
    image_channels: list[int] = [16, 32, 64]
    layer_norm: bool = False
    log_std_bounds: tuple[float, float] = (-5.0, 2.0)


@configclass
class HierarchicalActorCfg(ActorCfg):
    """Keyword arguments of :class:`humanoid_vla.policies.hierarchical.HierarchicalPolicy`."""

    class_name: str = "humanoid_vla.policies.hierarchical:HierarchicalPolicy"
    high_level_dims: list[int] = [256, 256]
    latent_dim: int = 8
    latent_interval: int = 5


@configclass
class DeterministicActorCfg(RslRlMLPModelCfg):
    """Keyword arguments of :class:`humanoid_vla.policies.deterministic.DeterministicPolicy`."""

    class_name: str = "humanoid_vla.policies.deterministic:DeterministicPolicy"
    hidden_dims: list[int] = [256, 256]
    activation: str = "relu"
    obs_normalization: bool = True
    image_channels: list[int] = [16, 32, 64]
    layer_norm: bool = False
    noise_std_range: tuple[float, float] = (0.001, 0.4)


@configclass
class CategoricalActorCfg(RslRlMLPModelCfg):
    """Keyword arguments of :class:`humanoid_vla.policies.categorical.CategoricalPolicy`."""

    class_name: str = "humanoid_vla.policies.categorical:CategoricalPolicy"
    hidden_dims: list[int] = [256, 256]
    activation: str = "relu"
    obs_normalization: bool = True
    image_channels: list[int] = [16, 32, 64]
    layer_norm: bool = False
    action_names: list[str] = ["move_forward", "turn_left", "turn_right", "stop", "grasp", "release"]


@configclass
class DiscreteCriticCfg(RslRlMLPModelCfg):
    """Keyword arguments of :class:`humanoid_vla.policies.critic.DiscreteCritic`."""

    class_name: str = "humanoid_vla.policies.critic:DiscreteCritic"
    hidden_dims: list[int] = [256, 256]
    activation: str = "relu"
    obs_normalization: bool = True
    image_channels: list[int] = [16, 32, 64]
    num_critics: int = 2
    layer_norm: bool = False
    reduction: str = "min"


@configclass
class CriticCfg(DiscreteCriticCfg):
    """Keyword arguments of :class:`humanoid_vla.policies.critic.EnsembleCritic`."""

    class_name: str = "humanoid_vla.policies.critic:EnsembleCritic"
    num_atoms: int | None = None
    value_range: tuple[float, float] | None = None


@configclass
class OffPolicyAlgorithmCfg:
    """Keyword arguments of :class:`humanoid_vla.agents.off_policy.OffPolicyAlgorithm`, documented there."""

    class_name: str = MISSING  # type: ignore
    gamma: float = 0.99
    n_steps: int = 1
    tau: float = 0.005
    actor_learning_rate: float = 3e-4
    critic_learning_rate: float = 3e-4
    batch_size: int = 256
    buffer_size: int = 1_000_000
    learning_starts: int = 5_000
    updates_per_step: float = 4.0
    symmetry_cfg: RslRlSymmetryCfg | None = None
    policy_delay: int = 1
    weight_decay: float = 0.0
    decay_updates: int | None = None
    autocast: bool = False
    compile: bool = False
    save_replay_buffer: bool = False


@configclass
class SacAlgorithmCfg(OffPolicyAlgorithmCfg):
    """Keyword arguments of :class:`humanoid_vla.agents.sac.SAC`, documented there."""

    class_name: str = "humanoid_vla.agents.sac:SAC"
    alpha_learning_rate: float = 3e-4
    initial_temperature: float = 0.2
    target_entropy_per_dim: float = -1.0


@configclass
class DdpgAlgorithmCfg(OffPolicyAlgorithmCfg):
    """Keyword arguments of :class:`humanoid_vla.agents.ddpg.DDPG`, documented there."""

    class_name: str = "humanoid_vla.agents.ddpg:DDPG"
    target_noise: float = 0.0
    target_noise_clip: float = 0.5


@configclass
class DiscreteSacAlgorithmCfg(OffPolicyAlgorithmCfg):
    """Keyword arguments of :class:`humanoid_vla.agents.discrete_sac.DiscreteSAC`, documented there."""

    class_name: str = "humanoid_vla.agents.discrete_sac:DiscreteSAC"
    alpha_learning_rate: float = 3e-4
    initial_temperature: float = 0.2
    target_entropy_share: float = 0.98


@configclass
class OffPolicyRunnerCfg(RslRlOnPolicyRunnerCfg):
    """RSL-RL's runner off policy: every iteration is ``num_steps_per_env`` steps and their gradient updates."""

    device: str = default_device()
    num_steps_per_env: int = 8
    max_iterations: int = MISSING  # type: ignore
    save_interval: int = 100
    experiment_name: str = MISSING  # type: ignore
    clip_actions: float = 1.0


@configclass
class SacRunnerCfg(OffPolicyRunnerCfg):
    """SAC for a CPU and about 64 environments."""

    actor: ActorCfg = ActorCfg()
    critic: CriticCfg = CriticCfg()
    algorithm: SacAlgorithmCfg = SacAlgorithmCfg()


@configclass
class SacGpuRunnerCfg(OffPolicyRunnerCfg):
    """SAC for a GPU and ``--num_envs 4096``, after FastSAC (arXiv 2512.01996)."""

    actor: ActorCfg = ActorCfg(hidden_dims=[512, 256, 128], activation="silu", log_std_bounds=(-5.0, 0.0))
    critic: CriticCfg = CriticCfg(
        hidden_dims=[768, 384, 192],
        activation="silu",
        layer_norm=True,
        reduction="mean",
        num_atoms=101,
        value_range=(-20.0, 20.0),
    )
    algorithm: SacAlgorithmCfg = SacAlgorithmCfg(
        gamma=0.97,
        n_steps=3,
        tau=0.125,
        initial_temperature=0.001,
        target_entropy_per_dim=0.0,
        batch_size=8192,
        buffer_size=4096 * 1024,
        learning_starts=4096 * 10,
        updates_per_step=8.0,
        policy_delay=4,
        weight_decay=1e-3,
        autocast=True,
        compile=True,
    )


@configclass
class DdpgRunnerCfg(OffPolicyRunnerCfg):
    """DDPG for a CPU and about 64 environments, with one critic."""

    actor: DeterministicActorCfg = DeterministicActorCfg()
    critic: CriticCfg = CriticCfg(num_critics=1)
    algorithm: DdpgAlgorithmCfg = DdpgAlgorithmCfg()


@configclass
class DiscreteSacRunnerCfg(OffPolicyRunnerCfg):
    """Discrete SAC for a CPU and about 64 environments."""

    actor: CategoricalActorCfg = CategoricalActorCfg()
    critic: DiscreteCriticCfg = DiscreteCriticCfg()
    algorithm: DiscreteSacAlgorithmCfg = DiscreteSacAlgorithmCfg()
