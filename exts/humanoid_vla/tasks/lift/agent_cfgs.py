"""The agents of the Lift family: those of Reach, with what differs."""

from __future__ import annotations

from typing import Any

from isaaclab.utils import configclass, replace
from isaaclab_rl.rsl_rl import RslRlMLPModelCfg, RslRlSymmetryCfg

from humanoid_vla.tasks.agent_cfgs import ActorCfg, CriticCfg, SacAlgorithmCfg, SacRunnerCfg
from humanoid_vla.tasks.imitation_cfgs import (
    BcAlgorithmCfg,
    BcRunnerCfg,
    DaggerAlgorithmCfg,
    DaggerRunnerCfg,
    VlaActorCfg,
)
from humanoid_vla.tasks.reach.agent_cfgs import CAMERA_GROUPS, COMMAND_GROUPS, OBS_GROUPS, SAC, ReachPpoCfg

SYMMETRY_CFG = RslRlSymmetryCfg(
    use_data_augmentation=True, data_augmentation_func="humanoid_vla.tasks.lift.symmetry:with_mirror_image"
)
DAGGER: dict[str, Any] = {
    "goals": "humanoid_vla.tasks.lift.goals:EveryGoal",
    "teacher": "scripted",
    "teacher_steps": 80,  # most of an episode's
}


@configclass
class LiftSacCfg(SacRunnerCfg):
    """SAC for two CPU cores."""

    experiment_name = "vla_lift_g1"
    obs_groups = OBS_GROUPS
    max_iterations = 1_000
    actor = ActorCfg(hidden_dims=[256, 256])
    critic = CriticCfg(hidden_dims=[256, 256])
    algorithm = SacAlgorithmCfg(**SAC | {"gamma": 0.97, "symmetry_cfg": SYMMETRY_CFG, "decay_updates": None})


@configclass
class LiftPpoCfg(ReachPpoCfg):
    """RSL-RL's PPO, the baseline; run it with ``--num_envs 512``."""

    experiment_name = "vla_lift_g1_ppo"
    max_iterations = 500

    def __post_init__(self) -> None:
        self.algorithm = replace(self.algorithm, gamma=0.97, symmetry_cfg=SYMMETRY_CFG)


@configclass
class LiftBcCfg(BcRunnerCfg):
    """Behaviour cloning; needs ``agent.algorithm.demonstrations=FILE.hdf5``."""

    experiment_name = "vla_lift_g1_bc"
    obs_groups = {"actor": OBS_GROUPS["actor"]}
    max_iterations = 200
    algorithm = BcAlgorithmCfg(symmetry_cfg=SYMMETRY_CFG)


@configclass
class LiftCommandSacCfg(LiftSacCfg):
    """SAC that is given the goal itself."""

    experiment_name = "vla_lift_command_g1"
    obs_groups = COMMAND_GROUPS


@configclass
class LiftCommandPpoCfg(LiftPpoCfg):
    """PPO that is given the goal itself."""

    experiment_name = "vla_lift_command_g1_ppo"
    obs_groups = COMMAND_GROUPS


@configclass
class LiftCommandBcCfg(LiftBcCfg):
    """Behaviour cloning that is given the goal itself."""

    experiment_name = "vla_lift_command_g1_bc"
    obs_groups = {"actor": COMMAND_GROUPS["actor"]}


@configclass
class LiftCameraBcCfg(BcRunnerCfg):
    """The vision-language-action policy as a clone of demonstrations, made by ``scripts/train_bc.py --policy vla``."""

    experiment_name = "vla_lift_camera_g1_bc"
    obs_groups = {"actor": CAMERA_GROUPS}
    max_iterations = 60
    actor = VlaActorCfg()
    algorithm = BcAlgorithmCfg(network="vla")


@configclass
class LiftDaggerCfg(DaggerRunnerCfg):
    """Lessons with the scripted expert: DAgger; run it with ``--num_envs 64``."""

    experiment_name = "vla_lift_g1_dagger"
    obs_groups = {"actor": OBS_GROUPS["actor"]}
    max_iterations = 100
    actor = RslRlMLPModelCfg(hidden_dims=[512, 512], activation="relu", obs_normalization=True)
    algorithm = DaggerAlgorithmCfg(**DAGGER, network="mlp", autocast=False, symmetry_cfg=SYMMETRY_CFG)

    def __post_init__(self) -> None:
        self.algorithm.buffer_size = 300_000
        self.algorithm.updates_per_step = 8.0
        self.algorithm.decay_updates = 6_400  # the whole training: 100 iterations of 8 steps


@configclass
class LiftCommandDaggerCfg(LiftDaggerCfg):
    """The same for who is given the goal itself."""

    experiment_name = "vla_lift_command_g1_dagger"
    obs_groups = {"actor": COMMAND_GROUPS["actor"]}
    max_iterations = 110
    actor = RslRlMLPModelCfg(hidden_dims=[256, 256], activation="relu", obs_normalization=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.algorithm.goals = "humanoid_vla.tasks.lift.goals:OwnGoal"
        self.algorithm.batch_size = 256
        self.algorithm.updates_per_step = 4.0
        self.algorithm.decay_updates = 3_520


@configclass
class LiftCameraDaggerCfg(DaggerRunnerCfg):
    """The vision-language-action policy with the scripted expert at its side; run it with ``--num_envs 64``."""

    experiment_name = "vla_lift_camera_g1_dagger"
    obs_groups = {"actor": CAMERA_GROUPS}
    max_iterations = 140
    actor = VlaActorCfg()
    algorithm = DaggerAlgorithmCfg(**DAGGER)

    def __post_init__(self) -> None:
        self.algorithm.buffer_size = 150_000
        self.algorithm.updates_per_step = 4.0
        self.algorithm.decay_updates = 4_480
