"""Configurations of the action terms, apart from them: a configuration must load before the simulator starts."""

from __future__ import annotations

from dataclasses import MISSING

from isaaclab.managers import ActionTermCfg
from isaaclab.utils import configclass


@configclass
class RateLimitedJointPositionActionCfg(ActionTermCfg):
    """Joint position targets within a range and a speed, see :class:`.actions.RateLimitedJointPositionAction`."""

    class_type: type | str = "{DIR}.actions:RateLimitedJointPositionAction"

    joint_names: list[str] = MISSING  # type: ignore
    """Joint names, in the order of the action."""

    scale: dict[str, float] = MISSING  # type: ignore
    """How far from its default position an action of 1 asks a joint to go [rad], by name or regular expression."""

    max_speed: float = MISSING  # type: ignore
    """Largest speed of a target [rad/s]."""

    max_lead: float = MISSING  # type: ignore
    """Largest distance of a target from the measured position [rad]: bounds how hard a blocked joint pushes."""
