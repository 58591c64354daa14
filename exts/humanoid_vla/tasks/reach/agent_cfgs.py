"""The agents of the Reach family."""

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
    HierarchicalActorCfg,
    SacAlgorithmCfg,
    SacGpuRunnerCfg,
    SacRunnerCfg,
    default_device,
)
from humanoid_vla.tasks.imitation_cfgs import (
    BcAlgorithmCfg,
    BcRunnerCfg,
    DaggerAlgorithmCfg,
    DaggerRunnerCfg,
    DiscriminatorCfg,
    GailAlgorithmCfg,
    GailRunnerCfg,
    VlaActorCfg,
    VlaBaseActorCfg,
)

SYMMETRY_CFG = RslRlSymmetryCfg(
    use_data_augmentation=True, data_augmentation_func="humanoid_vla.tasks.reach.symmetry:with_mirror_image"
)
# Critics and discriminators are only there in training: they may know the goal. Actors are told.
OBS_GROUPS = {"actor": ["proprio", "language", "state"], "critic": ["proprio", "goal", "state"]}
CAMERA_GROUPS = ["proprio", "language", "camera"]
"""What the robot has by itself, without the simulator's knowledge."""
OFF_POLICY: dict[str, Any] = {
    "gamma": 0.95,
    "tau": 0.02,
    "actor_learning_rate": 1e-3,
    "critic_learning_rate": 1e-3,
    "batch_size": 256,
    "buffer_size": 400_000,
    "learning_starts": 10_000,
    "updates_per_step": 8.0,
    "symmetry_cfg": SYMMETRY_CFG,
    "decay_updates": 25_000,  # the whole training: 400 iterations of 8 steps
}
SAC: dict[str, Any] = OFF_POLICY | {
    "alpha_learning_rate": 1e-3,
    "initial_temperature": 0.02,
    "target_entropy_per_dim": -1.0,
}


@configclass
class ReachSacCfg(SacRunnerCfg):
    """SAC for two CPU cores."""

    experiment_name = "vla_reach_g1"
    obs_groups = OBS_GROUPS
    max_iterations = 400
    actor = ActorCfg(hidden_dims=[128, 128])
    critic = CriticCfg(hidden_dims=[128, 128])
    algorithm = SacAlgorithmCfg(**SAC)


@configclass
class ReachCameraSacCfg(ReachSacCfg):
    """SAC whose actor sees the head camera in place of the state.

    Without the mirror: the camera stands 2 cm beside the robot's middle. A frame takes as much room as 3,000 numbers,
    so the buffer is smaller.
    """

    experiment_name = "vla_reach_camera_g1"
    obs_groups = {"actor": CAMERA_GROUPS, "critic": OBS_GROUPS["critic"]}
    algorithm = SacAlgorithmCfg(**SAC | {"symmetry_cfg": None, "buffer_size": 100_000})


@configclass
class ReachDaggerCfg(DaggerRunnerCfg):
    """The vision-language-action policy; needs ``agent.algorithm.teacher=`` a model of the command variant's SAC."""

    experiment_name = "vla_reach_camera_g1_dagger"
    obs_groups = {"actor": CAMERA_GROUPS, "teacher": OBS_GROUPS["critic"]}
    max_iterations = 300
    actor = VlaActorCfg()
    teacher = ActorCfg(hidden_dims=[128, 128])  # as in ReachCommandSacCfg
    algorithm = DaggerAlgorithmCfg(
        goals="humanoid_vla.tasks.reach.goals:ReachGoals",
        decay_updates=4_800,  # the whole training: 300 iterations of 8 steps
    )


@configclass
class ReachDaggerBaseCfg(ReachDaggerCfg):
    """The larger network on a GPU; run it with ``--num_envs 1024``."""

    experiment_name = "vla_reach_camera_g1_dagger_base"
    actor = VlaBaseActorCfg()

    def __post_init__(self) -> None:
        self.algorithm.batch_size = 512
        self.algorithm.buffer_size = 200_000


@configclass
class ReachCameraBcCfg(BcRunnerCfg):
    """The vision-language-action policy as a clone of demonstrations, made by ``scripts/train_bc.py --policy vla``."""

    experiment_name = "vla_reach_camera_g1_bc"
    obs_groups = {"actor": CAMERA_GROUPS}
    max_iterations = 60
    actor = VlaActorCfg()
    algorithm = BcAlgorithmCfg(network="vla")


@configclass
class ReachSacGpuCfg(SacGpuRunnerCfg):
    """SAC for a GPU; run it with ``--num_envs 4096``."""

    experiment_name = "vla_reach_g1_gpu"
    obs_groups = OBS_GROUPS
    max_iterations = 200

    def __post_init__(self) -> None:
        self.algorithm.gamma = 0.95
        self.algorithm.symmetry_cfg = SYMMETRY_CFG


@configclass
class ReachHierarchicalCfg(ReachSacCfg):
    """SAC with a latent every few steps, for two CPU cores."""

    experiment_name = "vla_reach_g1_hierarchical"
    actor = HierarchicalActorCfg(hidden_dims=[128, 128], high_level_dims=[128, 128])


@configclass
class ReachDdpgCfg(DdpgRunnerCfg):
    """TD3 (DDPG with twin critics and smoothed targets) for two CPU cores."""

    experiment_name = "vla_reach_g1_ddpg"
    obs_groups = OBS_GROUPS
    max_iterations = 400
    actor = DeterministicActorCfg(hidden_dims=[128, 128])
    critic = CriticCfg(hidden_dims=[128, 128])
    algorithm = DdpgAlgorithmCfg(**OFF_POLICY, policy_delay=2, target_noise=0.2)


@configclass
class ReachGailCfg(GailRunnerCfg):
    """GAIL for two CPU cores; needs ``agent.algorithm.demonstrations=FILE.hdf5``."""

    experiment_name = "vla_reach_g1_gail"
    # few inputs on purpose: the demonstrations are few, and joint readings are many and noisy
    obs_groups = OBS_GROUPS | {"discriminator": ["goal", "state"]}
    max_iterations = 400
    actor = ActorCfg(hidden_dims=[128, 128])
    critic = CriticCfg(hidden_dims=[128, 128])
    discriminator = DiscriminatorCfg(hidden_dims=[128, 128])
    algorithm = GailAlgorithmCfg(**SAC, discriminator_learning_rate=3e-4, expert_share=0.0)


@configclass
class ReachBcCfg(BcRunnerCfg):
    """Behaviour cloning; needs ``agent.algorithm.demonstrations=FILE.hdf5``."""

    experiment_name = "vla_reach_g1_bc"
    obs_groups = {"actor": OBS_GROUPS["actor"]}
    max_iterations = 200
    algorithm = BcAlgorithmCfg(symmetry_cfg=SYMMETRY_CFG)


@configclass
class ReachPpoCfg(RslRlOnPolicyRunnerCfg):
    """RSL-RL's PPO, the baseline; run it with ``--num_envs 512``."""

    device = default_device()
    experiment_name = "vla_reach_g1_ppo"
    obs_groups = OBS_GROUPS
    num_steps_per_env = 24
    max_iterations = 180
    save_interval = 100
    clip_actions = 1.0
    actor = RslRlMLPModelCfg(
        hidden_dims=[128, 128],
        activation="elu",
        obs_normalization=True,
        distribution_cfg=RslRlMLPModelCfg.GaussianDistributionCfg(init_std=0.5),
    )
    critic = RslRlMLPModelCfg(hidden_dims=[128, 128], activation="elu", obs_normalization=True)
    algorithm = RslRlPpoAlgorithmCfg(
        num_learning_epochs=5,
        num_mini_batches=4,
        learning_rate=1.0e-3,
        schedule="adaptive",
        desired_kl=0.01,
        gamma=0.95,
        lam=0.95,
        entropy_coef=0.002,
        value_loss_coef=1.0,
        use_clipped_value_loss=True,
        clip_param=0.2,
        max_grad_norm=1.0,
        symmetry_cfg=SYMMETRY_CFG,
    )


COMMAND_GROUPS = {"actor": OBS_GROUPS["critic"], "critic": OBS_GROUPS["critic"]}
"""Of the command variant, where everybody may know the goal."""


@configclass
class ReachCommandSacCfg(ReachSacCfg):
    """SAC that is given the goal itself: the teacher."""

    experiment_name = "vla_reach_command_g1"
    obs_groups = COMMAND_GROUPS


@configclass
class ReachCommandHierarchicalCfg(ReachHierarchicalCfg):
    """Likewise, with a latent every few steps."""

    experiment_name = "vla_reach_command_g1_hierarchical"
    obs_groups = COMMAND_GROUPS


@configclass
class ReachCommandDdpgCfg(ReachDdpgCfg):
    """TD3 that is given the goal itself."""

    experiment_name = "vla_reach_command_g1_ddpg"
    obs_groups = COMMAND_GROUPS


@configclass
class ReachCommandPpoCfg(ReachPpoCfg):
    """PPO that is given the goal itself."""

    experiment_name = "vla_reach_command_g1_ppo"
    obs_groups = COMMAND_GROUPS


@configclass
class ReachCommandGailCfg(ReachGailCfg):
    """GAIL that is given the goal itself."""

    experiment_name = "vla_reach_command_g1_gail"
    obs_groups = COMMAND_GROUPS | {"discriminator": ["goal", "state"]}


@configclass
class ReachCommandBcCfg(ReachBcCfg):
    """Behaviour cloning that is given the goal itself."""

    experiment_name = "vla_reach_command_g1_bc"
    obs_groups = {"actor": COMMAND_GROUPS["actor"]}
