"""Configuration of the velocity commands."""

from __future__ import annotations

from dataclasses import MISSING

from isaaclab.managers import CommandTermCfg
from isaaclab.utils import configclass


@configclass
class VelocityInstructionCommandCfg(CommandTermCfg):
    """A velocity told in a sentence, see :class:`.velocity_commands.VelocityInstructionCommand`."""

    class_type: type | str = "{DIR}.velocity_commands:VelocityInstructionCommand"

    instruction_set: str = MISSING  # type: ignore
    """Name of the :class:`~humanoid_vla.language.instructions.InstructionSet`, as "module:name"."""

    velocities: str = MISSING  # type: ignore
    """Name of the mapping from its goals to (ahead [m/s], to the left [m/s], turning left [rad/s]), likewise."""

    wording: str = "seen"
    """Which phrasings to draw from: "seen", or "held_out" to test with."""

    instruction: str | None = None
    """Tell this in every episode; its goal is understood from the words."""
