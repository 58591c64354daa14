"""How joints answer to their targets: a mass behind a spring and a damper, each joint for itself, under gravity.

    q'' = (kp (u - q) - kd q' + gravity) / I

The inertia I of a joint is that of all it moves with the arms (or legs) nearly outstretched, the 95th percentile of
random postures: where it is smaller, a joint answers faster than this says. Forces between joints are left out.
"""

from __future__ import annotations

import numpy as np

from humanoid_vla.safety.backend import Array, Backend, NumpyBackend
from humanoid_vla.safety.kinematics import Kinematics, Posture, moved_by
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
        moved = moved_by(robot, np.arange(robot.num_joints))  # (what is moved, by which joint)
        self._masses = backend.constant(robot.masses[:, None] * moved)
        x, y, z = GRAVITY
        self._gravity = backend.constant(np.array([[x], [y], [z]]))
        self._times_gravity = backend.constant(np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]]))  # c -> c x g
        self._mass_sums = backend.constant(robot.masses @ moved)
        inertias, torques = _worst_loads(robot, moved)
        self.inertia = inertias
        """(n,) [kg m^2]"""
        self.load = torques
        """What holding against gravity takes, upright, shape (n,) [N m]."""
        self.acceleration = np.clip(robot.effort_limit - torques, 0.0, None) / inertias
        """What the motors can do beside holding against gravity, shape (n,) [rad/s^2]."""
        self.stiffness = backend.constant(robot.stiffness / inertias)
        """kp / I, shape (n,) [1/s^2]."""
        self.damping = backend.constant(robot.damping / inertias)
        """kd / I, shape (n,) [1/s]."""
        self._inverse_inertia = backend.constant(1.0 / inertias)

    def gravity(self, posture: Posture) -> Array:
        """Accelerations by gravity while the pelvis stands upright [rad/s^2], shape (batch, n)."""
        # sum of m g . (w x (c - o)) over all that a joint moves, with g . (w x c) = w . (c x g)
        pulls = self._times_gravity @ (posture.centres @ self._masses)
        turning = (posture.axes * pulls).sum(axis=1) - (self._gravity * posture.moments).sum(axis=1) * self._mass_sums
        return turning * self._inverse_inertia

    def predicted(
        self, joint_pos: Array, joint_vel: Array, targets: Array, gravity: Array, dt: float
    ) -> tuple[Array, Array]:
        """Positions [rad] and velocities [rad/s] a step later; an implicit step, stable whatever the gains."""
        # v+ = v + dt (kp / I (u - q - dt v+) - kd / I v+ + gravity)
        pushed = joint_vel + dt * (self.stiffness * (targets - joint_pos) + gravity)
        joint_vel = pushed / (1.0 + dt * self.damping + dt * dt * self.stiffness)
        return joint_pos + dt * joint_vel, joint_vel


def _worst_loads(robot: RobotModel, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inertias [kg m^2] and, upright, gravity's torques [N m] that few postures exceed, each (n,)."""
    joint_pos = np.random.default_rng(0).uniform(robot.lower, robot.upper, (POSTURES, robot.num_joints))
    posture = Kinematics(robot, NumpyBackend()).posture(joint_pos)
    # levers w x (c - o) of every mass (second axis) about every joint (third axis)
    levers = np.cross(posture.axes[:, :, None], posture.centres[..., None], axis=1) - posture.moments[:, :, None]
    loads = levers[:, 2] * robot.masses[:, None] * moved * GRAVITY[2]
    inertias = ((levers**2).sum(axis=1) * robot.masses[:, None] * moved).sum(axis=1)
    inertias = inertias + robot.spins @ moved + robot.armatures
    return np.percentile(inertias, PERCENTILE, axis=0), np.percentile(np.abs(loads.sum(axis=1)), PERCENTILE, axis=0)
