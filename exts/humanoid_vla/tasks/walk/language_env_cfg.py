"""``VLA-Walk-G1``: Walk with the velocity told in a sentence."""

from __future__ import annotations

from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.utils import configclass

from humanoid_vla.tasks.mdp import observations, velocity_commands_cfg
from humanoid_vla.tasks.walk.env_cfg import ObservationsCfg, WalkCommandEnvCfg


@configclass
class LanguageCommandsCfg:
    """How to walk, in words; another way every few seconds."""

    goal = velocity_commands_cfg.VelocityInstructionCommandCfg(
        resampling_time_range=(4.0, 6.0),
        instruction_set="humanoid_vla.language.walk:WALK_INSTRUCTIONS",
        velocities="humanoid_vla.language.walk:WALK_VELOCITIES",
    )


@configclass
class LanguageObservationsCfg(ObservationsCfg):
    """The groups of the command variant, and the instruction; ``goal`` is for critics here."""

    @configclass
    class LanguageCfg(ObsGroup):
        """The instruction; nothing else that an actor reads reveals the velocity."""

        instruction = ObsTerm(func=observations.instruction, params={"command_name": "goal"})

    language: LanguageCfg = LanguageCfg()


@configclass
class WalkEnvCfg(WalkCommandEnvCfg):
    """Configuration of ``VLA-Walk-G1``."""

    commands: LanguageCommandsCfg = LanguageCommandsCfg()  # type: ignore  (another command under the same name)
    observations: LanguageObservationsCfg = LanguageObservationsCfg()
