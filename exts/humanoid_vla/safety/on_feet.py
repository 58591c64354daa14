"""The action filter of a robot that stands on its feet."""

from __future__ import annotations

import numpy as np

from humanoid_vla.safety.backend import Backend
from humanoid_vla.safety.filter import ActionFilter
from humanoid_vla.safety.robot import RobotModel
from humanoid_vla.safety.settings import FilterSettings


class FeetFilter(ActionFilter):
    """The same filter with targets as fast as ``max_speed`` and the joints' own limits allow.

    :class:`.filter.ActionFilter` has targets move no faster than motors can stop their joints, for with stiff gains
    joints move as targets do. Legs that carry a body have soft gains: a target is a push more than a place, and must
    change at once.
    """

    def __init__(
        self, robot: RobotModel, dt: float, settings: FilterSettings, backend: Backend, batch: int = 1
    ) -> None:
        super().__init__(robot, dt, settings, backend, batch)
        self._max_speed = backend.constant(np.minimum(robot.velocity_limit, settings.max_speed))


def make_action_filter(
    robot: RobotModel, dt: float, settings: FilterSettings, backend: Backend, batch: int = 1
) -> ActionFilter:
    """The filter that settings ask for; arguments as of :class:`.filter.ActionFilter`."""
    kind = FeetFilter if settings.on_feet else ActionFilter
    return kind(robot, dt, settings, backend, batch)
