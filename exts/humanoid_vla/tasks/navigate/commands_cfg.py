"""Configuration of the command term of Navigate."""

from __future__ import annotations

from dataclasses import MISSING

from isaaclab.managers import CommandTermCfg
from isaaclab.utils import configclass


@configclass
class NavigateInstructionCommandCfg(CommandTermCfg):
    """What to go to, in a sentence, see :class:`.commands.NavigateInstructionCommand`."""

    class_type: type | str = "{DIR}.commands:NavigateInstructionCommand"

    resampling_time_range: tuple[float, float] = (1.0e9, 1.0e9)
    """[s] An episode has one goal."""

    objects: list[str] = MISSING  # type: ignore
    """Names of the things in the order of the scene's collection."""

    instruction_set: str = MISSING  # type: ignore
    """Name of the :class:`~humanoid_vla.language.instructions.InstructionSet`, as "module:name"."""

    wording: str = "seen"
    """Which phrasings to draw from: "seen", or "held_out" to test with."""

    instruction: str | None = None
    """Tell this in every episode; its goal is understood from the words."""
