"""Velocities of a robot that walks by itself: they change gently, and go back to zero when something is wrong."""

from __future__ import annotations

import numpy as np

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.sources import JointSource

MAX_ACCELERATION = 1.0
"""How fast a velocity may grow [m/s^2, rad/s^2] ..."""
MAX_BRAKING = 3.0
"""... and how fast it may go back to zero."""
NUM_VELOCITIES = 3
"""Ahead and to the left [m/s], about the vertical [rad/s]."""


class VelocityActuation:
    """See :class:`.actuation.Actuation`; its numbers are velocities [m/s, m/s, rad/s].

    How large they can be is in the policy's graph. Whoever walks keeps the robot on its feet and its joints apart.

    Args:
        bundle: The policy's.
        dt: Length of a tick [s].
    """

    def __init__(self, bundle: Bundle, dt: float) -> None:
        self._gain, self._brake = MAX_ACCELERATION * dt, MAX_BRAKING * dt
        self._joints = bundle.joints.default
        self._asked, self._sent = np.zeros((1, NUM_VELOCITIES)), np.zeros(NUM_VELOCITIES)
        self._steps = self._changed = 0

    def joint_targets(self) -> np.ndarray:
        return self._joints

    def enter(self, pos: np.ndarray, anew: bool) -> None:
        if anew:
            self._sent = np.zeros(NUM_VELOCITIES)

    def follow(self, wanted: np.ndarray, share: float, pos: np.ndarray) -> np.ndarray:
        self._asked[0] = wanted
        self._asked *= share
        return self._asked

    def hold(self) -> np.ndarray:
        self._asked.fill(0.0)
        return self._asked

    def release(self, share: float, pos: np.ndarray) -> np.ndarray:
        return self.hold()

    def safe(self, asked: np.ndarray, joints: JointSource) -> np.ndarray:
        last = self._sent
        # towards zero faster than away from it
        up = np.where(last < 0.0, self._brake, self._gain)
        down = np.where(last > 0.0, self._brake, self._gain)
        sent = np.minimum(np.maximum(asked[0], last - down), last + up)
        self._steps += 1
        self._changed += bool((np.abs(sent - asked[0]) > 1e-6).any())
        self._sent = sent
        return sent

    def figures(self) -> dict[str, float]:
        return {"steps": self._steps, "rate": self._changed / max(self._steps, 1)}
