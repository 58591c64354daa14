"""Configurations of the command terms of Lift."""

from __future__ import annotations

from dataclasses import MISSING

from isaaclab.managers import CommandTermCfg
from isaaclab.utils import configclass


@configclass
class LiftGoalCommandCfg(CommandTermCfg):
    """What to lift, or to let go of, see :class:`.commands.LiftGoalCommand`."""

    class_type: type | str = "{DIR}.commands:LiftGoalCommand"

    resampling_time_range: tuple[float, float] = (1.0e9, 1.0e9)
    """[s] An episode has one goal."""

    objects: list[str] = MISSING  # type: ignore
    """Object names in the order of the scene's object collection."""

    rest_heights: list[float] = MISSING  # type: ignore
    """Height of each object's centre when it stands on the table [m]."""

    hands: list[str] = MISSING  # type: ignore
    """The bodies that carry the grippers, left and right."""

    fingers: list[str] = MISSING  # type: ignore
    """The fingers' joints, two of each gripper."""

    lift_height: float = 0.10
    """How far above the table an object is lifted [m]."""

    open_width: float = 0.036
    """How far from the middle both fingers are when they have let go [m]: 6 mm more than of any object."""


@configclass
class LiftInstructionCommandCfg(LiftGoalCommandCfg):
    """The same in a sentence, see :class:`.commands.LiftInstructionCommand`."""

    class_type: type | str = "{DIR}.commands:LiftInstructionCommand"

    instruction_set: str = MISSING  # type: ignore
    """Name of the :class:`~humanoid_vla.language.instructions.InstructionSet`, as "module:name"."""

    wording: str = "seen"
    """Which phrasings to draw from: "seen", or "held_out" to test with."""

    instruction: str | None = None
    """Tell this in every episode; its goal is understood from the words."""
