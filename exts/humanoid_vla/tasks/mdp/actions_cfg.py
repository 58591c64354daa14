"""Configurations of the action terms, apart from them: a configuration must load before the simulator starts."""

from __future__ import annotations

from dataclasses import MISSING
from typing import Any

from isaaclab.managers import ActionTermCfg, ObservationGroupCfg
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

    filtered: bool = False
    """Whether targets go through the action filter, :class:`humanoid_vla.safety.filter.ActionFilter`."""

    filter_settings: dict[str, Any] = {}
    """The filter's settings where they differ from :class:`humanoid_vla.safety.settings.FilterSettings`."""

    keep_out: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {}
    """Boxes for the filter to stay out of: name -> centre and size in the frame of the robot's pelvis [m]."""


@configclass
class FrozenPolicyActionCfg(ActionTermCfg):
    """Commands to a frozen low-level policy, see :class:`.frozen_policy_action.FrozenPolicyAction`."""

    class_type: type | str = "{DIR}.frozen_policy_action:FrozenPolicyAction"

    checkpoint: str = MISSING  # type: ignore
    """Checkpoint of the low-level policy."""

    actor: dict[str, Any] = MISSING  # type: ignore
    """The network in the checkpoint: the ``actor`` of the agent configuration it was trained with, ``class_name`` and
    keyword arguments, as the run's ``params/agent.yaml`` has it."""

    actions: ActionTermCfg = MISSING  # type: ignore
    """What the low-level policy's actions do: the action term of the task it was trained on."""

    observations: dict[str, ObservationGroupCfg] = MISSING  # type: ignore
    """The groups the low-level policy reads, in its order, as they are in the task it was trained on."""

    command_name: str = MISSING  # type: ignore
    """The command in those observations that this term gives."""

    command_ranges: list[tuple[float, float]] = MISSING  # type: ignore
    """What an action of -1 and of 1 commands, for each entry of the command, in the command's units."""

    decimation: int = MISSING  # type: ignore
    """Physics steps a low-level step; the environment's own decimation is a multiple of it."""

    load: str = "humanoid_vla.policies.frozen:load_frozen_policy"
    """The function that loads the policy, by name: tasks do not import networks."""


@configclass
class NamedFrozenPolicyActionCfg(FrozenPolicyActionCfg):
    """The same with a few named commands, see :class:`.frozen_policy_action.NamedFrozenPolicyAction`."""

    class_type: type | str = "{DIR}.frozen_policy_action:NamedFrozenPolicyAction"

    commands: dict[str, tuple[float, ...]] = MISSING  # type: ignore
    """Name -> command, for instance ``{"move_forward": (0.5, 0.0, 0.0), "stop": (0.0, 0.0, 0.0)}``."""

    command_ranges: list[tuple[float, float]] = []
    """Unused: every command has a name."""
