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
