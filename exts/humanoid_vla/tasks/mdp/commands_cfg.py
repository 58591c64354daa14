"""Configurations of the command terms."""

from __future__ import annotations

from dataclasses import MISSING

from isaaclab.managers import CommandTermCfg
from isaaclab.utils import configclass


@configclass
class TouchGoalCommandCfg(CommandTermCfg):
    """Which object to touch with which hand, see :class:`.commands.TouchGoalCommand`."""

    class_type: type | str = "{DIR}.commands:TouchGoalCommand"

    resampling_time_range: tuple[float, float] = (1.0e9, 1.0e9)
    """[s] An episode has one goal."""

    objects: list[str] = MISSING  # type: ignore
    """Object names in the order of the scene's object collection."""

    hands: list[str] = MISSING  # type: ignore
    """Hand names in the order of the hands' bodies."""


@configclass
class TouchInstructionCommandCfg(TouchGoalCommandCfg):
    """The same in a sentence, see :class:`.commands.TouchInstructionCommand`."""

    class_type: type | str = "{DIR}.commands:TouchInstructionCommand"

    instruction_set: str = MISSING  # type: ignore
    """Name of the :class:`~humanoid_vla.language.instructions.InstructionSet`, as "module:name"."""

    wording: str = "seen"
    """Which phrasings to draw from: "seen", or "held_out" to test with."""

    instruction: str | None = None
    """Tell this in every episode; its goal is understood from the words."""
