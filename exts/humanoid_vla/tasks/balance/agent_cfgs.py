"""The agents of the Balance task."""

from __future__ import annotations

from typing import Any

from isaaclab.utils import configclass
from isaaclab_rl.rsl_rl import RslRlMLPModelCfg, RslRlOnPolicyRunnerCfg, RslRlPpoAlgorithmCfg, RslRlSymmetryCfg

from humanoid_vla.tasks.agent_cfgs import (
    ActorCfg,
    CriticCfg,
    DdpgAlgorithmCfg,
    DdpgRunnerCfg,
    DeterministicActorCfg,
    SacAlgorithmCfg,
    SacRunnerCfg,
    default_device,
)

SYMMETRY_CFG = RslRlSymmetryCfg(
    use_data_augmentation=True, data_augmentation_func="humanoid_vla.tasks.balance.symmetry:with_mirror_image"
)
# Critics are only there in training: they may know what the robot cannot measure.
OBS_GROUPS = {"actor": ["proprio"], "critic": ["proprio", "state"]}
OFF_POLICY: dict[str, Any] = {
    "gamma": 0.97,
    "tau": 0.02,
    "actor_learning_rate": 5e-4,
    "critic_learning_rate": 5e-4,
    "batch_size": 256,
    "buffer_size": 1_000_000,
    "learning_starts": 5_000,
    "updates_per_step": 8.0,
    "symmetry_cfg": SYMMETRY_CFG,
}


@configclass
class BalanceSacCfg(SacRunnerCfg):
    """SAC for two CPU cores."""

    experiment_name = "vla_balance_g1"
    obs_groups = OBS_GROUPS
    max_iterations = 1000
    actor = ActorCfg(hidden_dims=[128, 128], log_std_bounds=(-5.0, -1.0))  # random actions fell it
    critic = CriticCfg(layer_norm=True)
    algorithm = SacAlgorithmCfg(
        **OFF_POLICY,
        policy_delay=2,
        autocast=True,
        alpha_learning_rate=5e-4,
        initial_temperature=0.003,
        target_entropy_per_dim=-2.0,
    )


@configclass
class BalanceDdpgCfg(DdpgRunnerCfg):
    """TD3 (DDPG with twin critics and smoothed targets) for two CPU cores."""

    experiment_name = "vla_balance_g1_ddpg"
    obs_groups = OBS_GROUPS
    max_iterations = 1500
    actor = DeterministicActorCfg(hidden_dims=[128, 128])
    critic = CriticCfg(hidden_dims=[128, 128])
    algorithm = DdpgAlgorithmCfg(**OFF_POLICY, policy_delay=2, target_noise=0.2)


@configclass
class BalancePpoCfg(RslRlOnPolicyRunnerCfg):
    """RSL-RL's PPO for two CPU cores; run it with ``--num_envs 256``."""

    device = default_device()
    experiment_name = "vla_balance_g1_ppo"
    obs_groups = OBS_GROUPS
    num_steps_per_env = 24
    max_iterations = 400
    save_interval = 50
    clip_actions = 1.0
    actor = RslRlMLPModelCfg(
        hidden_dims=[128, 128],
        activation="elu",
        obs_normalization=True,
        distribution_cfg=RslRlMLPModelCfg.GaussianDistributionCfg(init_std=0.12),  # more fells it
    )
    critic = RslRlMLPModelCfg(hidden_dims=[128, 128], activation="elu", obs_normalization=True)
    algorithm = RslRlPpoAlgorithmCfg(
        num_learning_epochs=4,
        num_mini_batches=4,
        learning_rate=3.0e-4,
        schedule="fixed",
        desired_kl=0.01,
        gamma=0.98,
        lam=0.95,
        entropy_coef=0.0,
        value_loss_coef=1.0,
        use_clipped_value_loss=True,
        clip_param=0.2,
        max_grad_norm=1.0,
        symmetry_cfg=SYMMETRY_CFG,
    )
