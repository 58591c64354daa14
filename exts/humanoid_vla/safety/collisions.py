"""Linear constraints on a step's targets that keep the robot's capsules apart, and out of boxes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from humanoid_vla.safety.backend import Array, Backend, times
from humanoid_vla.safety.distances import Nearest, between_capsules, to_boxes
from humanoid_vla.safety.dynamics import JointDynamics
from humanoid_vla.safety.kinematics import Posture, distance_gradient, moved_by
from humanoid_vla.safety.robot import RobotModel
from humanoid_vla.safety.settings import FilterSettings

NEAREST = 48
"""Pairs of bodies that become constraints, the nearest ones: several parts of an arm are near whenever one is."""


class Constraints(NamedTuple):
    """rows u >= least for targets u; rows of zeros where nothing is near."""

    rows: Array
    """Shape (batch, k, n) [m/rad]."""
    least: Array
    """Shape (batch, k) [m]."""


class CollisionConstraints:
    """What targets must keep to so that bodies come to rest before they meet.

    Of the measured robot, not of its targets: joints follow targets late and sag under gravity, so a posture that is
    commanded is not one that is taken.

    Source: exponential control barrier functions (Ames et al., "Control barrier functions: theory and applications",
    arXiv 1903.11199, section IV), of a robot whose joints obey :mod:`.dynamics`.

    Args:
        robot: The robot.
        dynamics: How its joints answer to targets.
        settings: How careful to be.
        backend: The array library.
    """

    def __init__(self, robot: RobotModel, dynamics: JointDynamics, settings: FilterSettings, backend: Backend) -> None:
        self._backend, self._settings = backend, settings
        self._stiffness = dynamics.stiffness
        moves = moved_by(robot, robot.capsule_frames)
        first, second = robot.pairs.T
        self._pairs = backend.constant(np.concatenate((first, second)))  # the first of every pair, then the second
        self._radii = backend.constant(robot.capsule_radii[first] + robot.capsule_radii[second])
        # every capsule that moves, against every box
        moving = np.flatnonzero(moves.any(axis=1))
        boxes = settings.keep_out
        self._boxed = backend.constant(np.repeat(moving, len(boxes)))
        self._boxed_radii = backend.constant(robot.capsule_radii[np.repeat(moving, len(boxes))])
        boxed_moves = moves[np.repeat(moving, len(boxes))]
        every_moves = np.concatenate([moves[first] - moves[second], boxed_moves])
        self._moves = backend.constant(every_moves)  # (all, n)
        self._num_nearest = min(NEAREST, len(every_moves))
        self._centres = backend.constant(np.tile([box.centre for box in boxes], (len(moving), 1)).T)
        self._half_sizes = backend.constant(0.5 * np.tile([box.size for box in boxes], (len(moving), 1)).T)

    def constraints(self, posture: Posture, joint_pos: Array, joint_vel: Array, passive: Array) -> Constraints:
        """Constraints on the next targets.

        Args:
            posture: Of the robot, as measured.
            joint_pos: Measured [rad], shape (batch, n).
            joint_vel: Measured [rad/s].
            passive: Accelerations that targets do not change [rad/s^2], see :class:`.dynamics.JointDynamics`.
        """
        xp, rate, stiffness = self._backend.xp, self._settings.approach_rate, self._stiffness
        distances, gradients = self.distances(posture)
        spare = distances - self._settings.minimum_distance
        # d'' + 2 rate d' + rate^2 (d - d_min) >= 0, with d' = J q' and, but for the turning of the gradient J,
        # d'' = J q'' = J (kp / I (u - q) + passive); divided by rate^2
        pull = (passive - stiffness * joint_pos + 2.0 * rate * joint_vel) * (-1.0 / rate**2)
        active = distances < self._settings.detection_distance
        least = xp.where(active, times(gradients, pull) - spare, -1.0)
        return Constraints(gradients * (stiffness / rate**2) * active[..., None], least)

    def distances(self, posture: Posture) -> tuple[Array, Array]:
        """The smallest signed distances [m], (batch, k), and their gradients [m/rad], (batch, k, n); in no order."""
        xp, backend, capsules = self._backend.xp, self._backend, posture.capsules
        nearest = between_capsules(xp, backend.take(capsules, self._pairs, 2), self._radii)
        if self._settings.keep_out:
            boxed = backend.take(capsules, self._boxed, 2)
            boxed = to_boxes(xp, boxed, self._boxed_radii, self._centres, self._half_sizes)
            nearest = Nearest(*(xp.concatenate(pair, axis=-1) for pair in zip(nearest, boxed, strict=True)))
        index = backend.nearest(nearest.distances, self._num_nearest)
        every = xp.concatenate((nearest.distances[:, None], nearest.points, nearest.normals), axis=1)
        near = backend.pick(every, index)  # (batch, 7, k)
        return near[:, 0], distance_gradient(xp, posture, near[:, 1:4], near[:, 4:], self._moves[index])
