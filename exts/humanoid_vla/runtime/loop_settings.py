"""How a control loop is run, and what it does not put up with."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class LoopSettings:
    """Settings of :class:`.loop.ControlLoop`; all times in seconds.

    Raises:
        ValueError: If a number is not finite or not positive.
    """

    max_joint_age: float = 0.1
    """Older joint states are lost ones."""

    max_image_age: float = 0.25
    """Likewise of a camera's pictures."""

    max_value_age: float = 0.25
    """Likewise of privileged values."""

    max_action_age: float = 0.2
    """How long the last action, or the last of a chunk, is held when no new one comes."""

    blend: float = 1.0
    """The policy takes over within this time, from the measured posture, or from where the robot was held."""

    hold: float = 0.5
    """The robot is held for this long while an observation or an action is missing, then it is stopped."""

    instruction_hold: float = 30.0
    """Likewise where only an instruction was refused: somebody may say it better, nothing is wrong with the robot."""

    recover: float = 0.2
    """All must be well for this long before the policy takes over again."""

    stop: float = 1.0
    """Within this time a stop takes targets to the measured posture, where the joints are damped and no more."""

    reenter: bool = False
    """Whether the loop begins again after a stop that a fault caused, once all is well; else it ends there."""

    realtime: bool = True
    """Whether to ask for the real-time scheduler; whoever is not permitted it goes on without."""

    core: int | None = None
    """The processor core that ticks stay on; None for any."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "float" and not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{field.name} must be a positive number of seconds, got {value}")
