"""``VLA-Reach-G1``: Reach with the goal told in a sentence."""

from __future__ import annotations

from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.utils import configclass

from humanoid_vla.assets.g1 import HAND_BODIES
from humanoid_vla.assets.objects import OBJECT_CFGS
from humanoid_vla.tasks.mdp import commands_cfg, observations
from humanoid_vla.tasks.reach.env_cfg import CommandsCfg, ObservationsCfg, ReachCommandEnvCfg


@configclass
class LanguageCommandsCfg(CommandsCfg):
    """What to touch, and with which hand, in words."""

    goal: commands_cfg.TouchInstructionCommandCfg = commands_cfg.TouchInstructionCommandCfg(
        objects=list(OBJECT_CFGS),
        hands=list(HAND_BODIES),
        instruction_set="humanoid_vla.language.reach:REACH_INSTRUCTIONS",
    )


@configclass
class LanguageObservationsCfg(ObservationsCfg):
    """The groups of the command variant, and the instruction; ``goal`` is for critics and discriminators here."""

    @configclass
    class LanguageCfg(ObsGroup):
        """The instruction; nothing else that an actor reads reveals the goal."""

        instruction = ObsTerm(func=observations.instruction, params={"command_name": "goal"})

    language: LanguageCfg = LanguageCfg()


@configclass
class ReachEnvCfg(ReachCommandEnvCfg):
    """Configuration of ``VLA-Reach-G1``."""

    commands: LanguageCommandsCfg = LanguageCommandsCfg()
    observations: LanguageObservationsCfg = LanguageObservationsCfg()
