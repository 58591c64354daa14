"""The agents of the Walk family."""

from __future__ import annotations

from isaaclab.utils import configclass
from isaaclab_rl.rsl_rl import RslRlMLPModelCfg, RslRlOnPolicyRunnerCfg, RslRlPpoAlgorithmCfg, RslRlSymmetryCfg

from humanoid_vla.assets.trained import WALK_COMMAND_POLICY
from humanoid_vla.tasks.agent_cfgs import (
    ActorCfg,
    CriticCfg,
    SacAlgorithmCfg,
    SacGpuRunnerCfg,
    SacRunnerCfg,
    default_device,
)
from humanoid_vla.tasks.imitation_cfgs import DaggerAlgorithmCfg, DaggerRunnerCfg

SYMMETRY_CFG = RslRlSymmetryCfg(
    use_data_augmentation=True, data_augmentation_func="humanoid_vla.tasks.walk.symmetry:with_mirror_image"
)
# Critics are only there in training: they may know the velocity, and the state.
OBS_GROUPS = {"actor": ["proprio", "language"], "critic": ["proprio", "goal", "state"]}
COMMAND_GROUPS = {"actor": ["proprio", "goal"], "critic": ["proprio", "goal", "state"]}
"""Of the command variant, where everybody may know the velocity."""


@configclass
class WalkSacCfg(SacRunnerCfg):
    """SAC for two CPU cores; run it with ``--num_envs 128``."""

    experiment_name = "vla_walk_g1"
    obs_groups = OBS_GROUPS
    max_iterations = 4000
    save_interval = 200
    actor = ActorCfg(log_std_bounds=(-5.0, -1.0))
    critic = CriticCfg(layer_norm=True)
    algorithm = SacAlgorithmCfg(
        gamma=0.97,
        tau=0.02,
        actor_learning_rate=5e-4,
        critic_learning_rate=5e-4,
        alpha_learning_rate=5e-4,
        batch_size=256,
        buffer_size=400_000,
        learning_starts=10_000,
        updates_per_step=8.0,
        policy_delay=2,
        autocast=True,
        initial_temperature=0.003,
        target_entropy_per_dim=-1.5,
        symmetry_cfg=SYMMETRY_CFG,
    )


@configclass
class WalkSacGpuCfg(SacGpuRunnerCfg):
    """SAC for a GPU, after FastSAC; run it with ``--num_envs 4096``."""

    experiment_name = "vla_walk_g1_gpu"
    obs_groups = OBS_GROUPS
    max_iterations = 2000
    save_interval = 50

    def __post_init__(self) -> None:
        self.critic.value_range = (-10.0, 10.0)  # returns are between -8 and 6
        self.algorithm.symmetry_cfg = SYMMETRY_CFG
        self.algorithm.n_steps = 1


@configclass
class WalkPpoCfg(RslRlOnPolicyRunnerCfg):
    """RSL-RL's PPO; run it with ``--num_envs 4096`` on a GPU, with 256 on two CPU cores."""

    device = default_device()
    experiment_name = "vla_walk_g1_ppo"
    obs_groups = OBS_GROUPS
    num_steps_per_env = 24
    max_iterations = 1500
    save_interval = 25
    clip_actions = 1.0
    actor = RslRlMLPModelCfg(
        hidden_dims=[256, 256, 128],
        activation="elu",
        obs_normalization=True,
        # Actions reach twice as far as where Isaac Lab's and mjlab's tasks for this robot start with a deviation of 1.
        distribution_cfg=RslRlMLPModelCfg.GaussianDistributionCfg(init_std=0.5),
    )
    critic = RslRlMLPModelCfg(hidden_dims=[256, 256, 128], activation="elu", obs_normalization=True)
    algorithm = RslRlPpoAlgorithmCfg(
        num_learning_epochs=5,
        num_mini_batches=4,
        learning_rate=1.0e-3,
        schedule="adaptive",
        desired_kl=0.01,
        gamma=0.99,
        lam=0.95,
        entropy_coef=0.005,
        value_loss_coef=1.0,
        use_clipped_value_loss=True,
        clip_param=0.2,
        max_grad_norm=1.0,
        symmetry_cfg=SYMMETRY_CFG,
    )


@configclass
class WalkCommandSacCfg(WalkSacCfg):
    """SAC that is given the velocity itself: the teacher."""

    experiment_name = "vla_walk_command_g1"
    obs_groups = COMMAND_GROUPS


@configclass
class WalkCommandSacGpuCfg(WalkSacGpuCfg):
    """Likewise, for a GPU."""

    experiment_name = "vla_walk_command_g1_gpu"
    obs_groups = COMMAND_GROUPS


@configclass
class WalkCommandPpoCfg(WalkPpoCfg):
    """PPO that is given the velocity itself."""

    experiment_name = "vla_walk_command_g1_ppo"
    obs_groups = COMMAND_GROUPS


@configclass
class WalkDaggerCfg(DaggerRunnerCfg):
    """DAgger for two CPU cores: hears in sentences what its teacher is told as a velocity; use ``--num_envs 128``."""

    experiment_name = "vla_walk_g1_dagger"
    obs_groups = {"actor": OBS_GROUPS["actor"], "teacher": COMMAND_GROUPS["actor"]}
    max_iterations = 150
    save_interval = 50
    actor = RslRlMLPModelCfg(hidden_dims=[512, 256, 128], activation="silu", obs_normalization=True)
    teacher = WalkCommandSacGpuCfg().actor
    algorithm = DaggerAlgorithmCfg(
        network="mlp",
        goals="humanoid_vla.tasks.walk.goals:WalkGoals",
        teacher=str(WALK_COMMAND_POLICY),
        autocast=False,
        buffer_size=200_000,
        batch_size=256,
        updates_per_step=8.0,
        teacher_steps=80,
        decay_updates=9_600,  # the whole training: 150 iterations of 8 steps
    )
