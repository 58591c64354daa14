"""Linear constraints on a step's targets that keep the robot's capsules apart, and out of boxes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from humanoid_vla.safety.backend import Array, Backend
from humanoid_vla.safety.distances import Nearest, between_capsules, dot, to_boxes
from humanoid_vla.safety.dynamics import JointDynamics
from humanoid_vla.safety.kinematics import Posture, distance_gradient, moved_by
from humanoid_vla.safety.robot import RobotModel
from humanoid_vla.safety.settings import FilterSettings

CANDIDATES = 24
"""Pairs whose distance is computed: those whose bounding spheres are nearest."""
NEAREST = 6
"""Of these, and of the boxes, the nearest that become constraints."""


class Constraints(NamedTuple):
    """rows u >= least for targets u; rows of zeros where nothing is near."""

    rows: Array
    """Shape (batch, k, n) [m/rad]."""
    least: Array
    """Shape (batch, k) [m]."""


class CollisionConstraints:
    """What targets must keep to, from where the last targets are and from where the robot was measured.

    Both are needed: joints follow their targets late and sag under gravity, so a posture that was commanded is not one
    that is taken. See docs/safety.md.

    Args:
        robot: The robot.
        dynamics: How its joints answer to targets.
        settings: How careful to be.
        dt: Length of a step [s].
        backend: The array library.
    """

    def __init__(
        self, robot: RobotModel, dynamics: JointDynamics, settings: FilterSettings, dt: float, backend: Backend
    ) -> None:
        self._backend, self._settings = backend, settings
        self._share = min(settings.approach_rate * dt, 1.0)
        self._stiffness = dynamics.stiffness
        moves = moved_by(robot, robot.capsule_frames)
        first, second = robot.pairs.T
        half_lengths = 0.5 * np.linalg.norm(robot.capsule_ends[:, 1] - robot.capsule_ends[:, 0], axis=-1)
        self._first, self._second = backend.constant(first), backend.constant(second)
        self._radii = backend.constant(robot.capsule_radii[first] + robot.capsule_radii[second])
        spheres = half_lengths + robot.capsule_radii
        self._sphere_radii = backend.constant(spheres[first] + spheres[second])
        self._moves = backend.constant(moves[first] - moves[second])  # (p, n)
        self._num_candidates = min(CANDIDATES, len(first))
        # every capsule that moves, against every box
        moving = np.flatnonzero(moves.any(axis=1))
        boxes = settings.keep_out
        self._boxed = backend.constant(np.repeat(moving, len(boxes)))
        self._boxed_radii = backend.constant(robot.capsule_radii[np.repeat(moving, len(boxes))])
        self._boxed_moves = backend.constant(moves[np.repeat(moving, len(boxes))])
        self._centres = backend.constant(np.tile([box.centre for box in boxes], (len(moving), 1)).T)
        self._half_sizes = backend.constant(0.5 * np.tile([box.size for box in boxes], (len(moving), 1)).T)

    def constraints(
        self, command: Array, joint_pos: Array, joint_vel: Array, posture: Posture, passive: Array
    ) -> Constraints:
        """Constraints on the next targets.

        Args:
            command: The last targets [rad], shape (batch, n).
            joint_pos: Measured [rad].
            joint_vel: Measured [rad/s].
            posture: Of the command, and behind it that measured, shape (2 batch, ...).
            passive: Accelerations that targets do not change [rad/s^2], see :class:`.dynamics.JointDynamics`.
        """
        xp, settings = self._backend.xp, self._settings
        rate, stiffness = settings.approach_rate, self._stiffness
        distances, gradients = self.distances(posture)
        spare, batch = distances - settings.minimum_distance, len(command)
        # of the targets: d(u) >= d - rate dt (d - d_min), linearised
        at_command = (gradients[:batch] @ command[..., None])[..., 0] - self._share * spare[:batch]
        # of the measured bodies: d'' + 2 rate d' + rate^2 (d - d_min) >= 0, with d' = J q' and, but for the turning of
        # the gradient J, d'' = J q''; divided by rate^2
        pull = passive - stiffness * joint_pos + 2.0 * rate * joint_vel
        at_measured = -(gradients[batch:] @ pull[..., None])[..., 0] / rate**2 - spare[batch:]
        rows = xp.concatenate((gradients[:batch], gradients[batch:] * (stiffness / rate**2)), axis=1)
        least = xp.concatenate((at_command, at_measured), axis=1)
        active = spare < settings.detection_distance - settings.minimum_distance
        active = xp.concatenate((active[:batch], active[batch:]), axis=1)
        return Constraints(rows * active[..., None], xp.where(active, least, -1.0))

    def distances(self, posture: Posture) -> tuple[Array, Array]:
        """The smallest signed distances [m], (batch, k), and their gradients [m/rad], (batch, k, n); in no order."""
        nearest, moves = self._between_capsules(posture)
        if self._settings.keep_out:
            to_box = to_boxes(
                self._backend.xp,
                posture.starts[..., self._boxed],
                posture.ends[..., self._boxed],
                self._boxed_radii,
                self._centres,
                self._half_sizes,
            )
            to_box, box_moves = self._keep_nearest(to_box, self._boxed_moves)
            nearest = Nearest(
                *(self._backend.xp.concatenate(pair, axis=-1) for pair in zip(nearest, to_box, strict=True))
            )
            moves = self._backend.xp.concatenate((moves, box_moves), axis=1)
        return nearest.distances, distance_gradient(self._backend, posture, nearest.points, nearest.normals, moves)

    def _between_capsules(self, posture: Posture) -> tuple[Nearest, Array]:
        backend, xp = self._backend, self._backend.xp
        middles = 0.5 * (posture.starts + posture.ends)
        apart = middles[..., self._first] - middles[..., self._second]
        candidates = backend.nearest(xp.sqrt(dot(apart, apart)) - self._sphere_radii, self._num_candidates)
        first, second = self._first[candidates][:, None], self._second[candidates][:, None]
        nearest = between_capsules(
            xp,
            (backend.pick(posture.starts, first), backend.pick(posture.ends, first)),
            (backend.pick(posture.starts, second), backend.pick(posture.ends, second)),
            self._radii[candidates],
        )
        return nearest, self._moves[candidates]

    def _keep_nearest(self, nearest: Nearest, moves: Array) -> tuple[Nearest, Array]:
        backend = self._backend
        count = min(NEAREST, nearest.distances.shape[-1])
        index = backend.nearest(nearest.distances, count)  # (batch, k)
        if moves.ndim == 2:
            kept = moves[index]
        else:
            kept = backend.pick(moves.swapaxes(1, 2), index[:, None]).swapaxes(1, 2)
        points, normals = (backend.pick(vectors, index[:, None]) for vectors in (nearest.points, nearest.normals))
        return Nearest(backend.pick(nearest.distances, index), points, normals), kept
