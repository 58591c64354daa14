"""How joints answer to their targets: a mass behind a spring and a damper, each joint for itself, under gravity.

    q'' = (kp (u - q) - kd q' + gravity) / I

The inertia I of a joint is that of all it moves with the arms (or legs) nearly outstretched, the 95th percentile of
random postures: where it is smaller, a joint answers faster than this says. Forces between joints are left out.
"""

from __future__ import annotations

import numpy as np

from humanoid_vla.safety.backend import Array, Backend, NumpyBackend
from humanoid_vla.safety.kinematics import Kinematics, Posture, cross, moved_by
from humanoid_vla.safety.robot import RobotModel

POSTURES, PERCENTILE = 1000, 95.0
GRAVITY = (0.0, 0.0, -9.81)
"""In the frame of a pelvis that stands upright [m/s^2]."""


class JointDynamics:
    """The constants of that law, and gravity's torques.

    Args:
        robot: The robot.
        backend: The array library.
    """

    def __init__(self, robot: RobotModel, backend: Backend) -> None:
        self._backend = backend
        moved = moved_by(robot, np.arange(robot.num_joints))  # (what is moved, by which joint)
        self._masses = backend.constant(robot.masses[:, None] * moved)
        self._mass_sums = backend.constant(robot.masses @ moved)
        inertias, torques = _worst_loads(robot, moved)
        self.inertia = inertias
        """(n,) [kg m^2]"""
        self.acceleration = np.clip(robot.effort_limit - torques, 0.0, None) / inertias
        """What the motors can do beside holding against gravity, shape (n,) [rad/s^2]."""
        self.stiffness = backend.constant(robot.stiffness / inertias)
        """kp / I, shape (n,) [1/s^2]."""
        self.damping = backend.constant(robot.damping / inertias)
        """kd / I, shape (n,) [1/s]."""
        self._inverse_inertia = backend.constant(1.0 / inertias)

    def gravity(self, posture: Posture, direction: Array) -> Array:
        """Accelerations by gravity [rad/s^2], shape (batch, n).

        Args:
            posture: Of the robot.
            direction: Gravity in the pelvis frame [m/s^2], shape (batch or 1, 3, 1).
        """
        xp = self._backend.xp
        # sum of m g . (w x (c - o)) over all that a joint moves
        moments = cross(xp, posture.axes, posture.centres @ self._masses) - posture.moments * self._mass_sums
        return (direction * moments).sum(axis=1) * self._inverse_inertia


def _worst_loads(robot: RobotModel, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inertias [kg m^2] and, upright, gravity's torques [N m] that few postures exceed, each (n,)."""
    joint_pos = np.random.default_rng(0).uniform(robot.lower, robot.upper, (POSTURES, robot.num_joints))
    posture = Kinematics(robot, NumpyBackend()).posture(joint_pos)
    # levers w x (c - o) of every mass (second axis) about every joint (third axis)
    levers = np.cross(posture.axes[:, :, None], posture.centres[..., None], axis=1) - posture.moments[:, :, None]
    loads = levers[:, 2] * robot.masses[:, None] * moved * GRAVITY[2]
    inertias = ((levers**2).sum(axis=1) * robot.masses[:, None] * moved).sum(axis=1) + robot.armatures
    return np.percentile(inertias, PERCENTILE, axis=0), np.percentile(np.abs(loads.sum(axis=1)), PERCENTILE, axis=0)
