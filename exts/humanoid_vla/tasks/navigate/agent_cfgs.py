"""The agents of the Navigate family."""

from __future__ import annotations

from isaaclab.utils import configclass

from humanoid_vla.tasks.agent_cfgs import (
    CategoricalActorCfg,
    DiscreteCriticCfg,
    DiscreteSacAlgorithmCfg,
    DiscreteSacRunnerCfg,
)
from humanoid_vla.tasks.imitation_cfgs import DaggerAlgorithmCfg, DaggerRunnerCfg, VlaActorCfg

# Critics are only there in training: they may know the goal.
OBS_GROUPS = {"actor": ["proprio", "state", "language"], "critic": ["proprio", "state", "goal"]}


@configclass
class NavigateSacCfg(DiscreteSacRunnerCfg):
    """Discrete SAC for two CPU cores."""

    experiment_name = "vla_navigate_g1"
    obs_groups = OBS_GROUPS
    max_iterations = 400
    save_interval = 50
    actor = CategoricalActorCfg(action_names=["stop", "move_forward", "turn_left", "turn_right"])
    critic = DiscreteCriticCfg()
    algorithm = DiscreteSacAlgorithmCfg(
        gamma=0.95,
        tau=0.01,
        batch_size=512,
        buffer_size=200_000,
        learning_starts=2_000,
        updates_per_step=4.0,
        actor_learning_rate=1.0e-3,
        critic_learning_rate=1.0e-3,
        alpha_learning_rate=1.0e-3,
        initial_temperature=0.1,
        target_entropy_share=0.15,
    )


@configclass
class NavigateDaggerCfg(DaggerRunnerCfg):
    """The vision-language-action policy, taught by a rule; ``scripts/train_navigate_camera.py`` needs no walk."""

    experiment_name = "vla_navigate_camera_g1_dagger"
    obs_groups = {"actor": ["proprio", "language", "camera"]}
    max_iterations = 75
    actor = VlaActorCfg()
    algorithm = DaggerAlgorithmCfg(
        goals="humanoid_vla.tasks.navigate.teacher:EveryThing",
        teacher="scripted",
        buffer_size=100_000,
        updates_per_step=3.0,
        decay_updates=1_800,  # the whole training: 75 iterations of 8 steps
    )
