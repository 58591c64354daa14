"""``VLA-Lift-G1``: Lift with the goal told in a sentence."""

from __future__ import annotations

from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.utils import configclass

from humanoid_vla.assets.g1 import HAND_BODIES
from humanoid_vla.assets.gripper import GRIPPER_JOINTS
from humanoid_vla.assets.loose_objects import LOOSE_OBJECT_CFGS
from humanoid_vla.tasks.lift import commands_cfg
from humanoid_vla.tasks.lift.env_cfg import RESTING, CommandsCfg, LiftCommandEnvCfg, ObservationsCfg
from humanoid_vla.tasks.mdp import observations


@configclass
class LanguageCommandsCfg(CommandsCfg):
    """What to lift, or to let go of, in words."""

    goal: commands_cfg.LiftInstructionCommandCfg = commands_cfg.LiftInstructionCommandCfg(
        objects=list(LOOSE_OBJECT_CFGS),
        rest_heights=RESTING,
        hands=list(HAND_BODIES),
        fingers=GRIPPER_JOINTS,
        instruction_set="humanoid_vla.language.lift:LIFT_INSTRUCTIONS",
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
class LiftEnvCfg(LiftCommandEnvCfg):
    """Configuration of ``VLA-Lift-G1``."""

    commands: LanguageCommandsCfg = LanguageCommandsCfg()
    observations: LanguageObservationsCfg = LanguageObservationsCfg()
