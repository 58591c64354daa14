"""How careful the filter is."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Box:
    """A solid box that the robot must stay out of, along the axes of the pelvis frame [m].

    Raises:
        ValueError: If it has no place or no volume.
    """

    centre: tuple[float, float, float]
    size: tuple[float, float, float]

    def __post_init__(self) -> None:
        lengths = len(self.centre), len(self.size)
        if lengths != (3, 3) or not all(map(math.isfinite, (*self.centre, *self.size))) or min(self.size) <= 0.0:
            raise ValueError(f"a box needs a finite centre and three positive sizes, got {self}")


@dataclass(frozen=True)
class FilterSettings:
    """Settings of :class:`.filter.ActionFilter`.

    Raises:
        ValueError: If a number is not finite or not positive, or bodies are detected too late.
    """

    max_speed: float = 1.2
    """Largest speed of a target [rad/s]; a joint's own limit where that is lower."""

    max_acceleration: float = 12.0
    """How fast a target may gain speed [rad/s^2]. It may always stop at once: a target that rests is a joint held."""

    max_push: float = 100.0
    """Largest acceleration that a motor may give its joint beside holding it up [rad/s^2], within its effort limit."""

    max_lead: float = 0.5
    """Largest distance of a target from the measured position [rad]: bounds how hard a blocked joint pushes."""

    limit_margin: float = 0.15
    """What is left unused at either end of a joint's range [rad]: room for what the motors cannot hold against. At most
    15 % of the range."""

    minimum_distance: float = 0.019
    """Distance that capsules keep from each other and from boxes [m]."""

    detection_distance: float = 0.3
    """Bodies that are farther apart do not matter yet [m]."""

    approach_rate: float = 14.0
    """Share of the distance left to a limit or a body that may be used up in a second [1/s]: the nearer, the slower.

    Joints that move come to rest before it like a critically damped oscillator of this rate. Higher rates ask more of
    the motors, and of a filter that runs more often: it should be a small part of the steps a second."""

    max_age: float = 0.1
    """Measurements that are older count as missing [s]."""

    keep_out: tuple[Box, ...] = ()
    """Boxes to stay out of, such as a table."""

    on_feet: bool = False
    """Whether targets may be faster than motors can stop their joints.

    With stiff gains joints move as targets do. Legs that carry a body have soft gains: there a target is a push more
    than a place, and must change at once."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "float" and not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{field.name} must be a positive number, got {value}")
        if self.detection_distance <= self.minimum_distance:
            raise ValueError(
                f"detection_distance ({self.detection_distance}) must exceed minimum_distance ({self.minimum_distance})"
            )
