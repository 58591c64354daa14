"""The action filter: from what a policy asks for to the nearest joint position targets that are safe."""

from __future__ import annotations

import numpy as np

from humanoid_vla.safety.backend import Array, Backend, times
from humanoid_vla.safety.collisions import CollisionConstraints, Constraints
from humanoid_vla.safety.counters import Counters
from humanoid_vla.safety.dynamics import JointDynamics
from humanoid_vla.safety.kinematics import Kinematics
from humanoid_vla.safety.limits import Interval, effort_interval, lead_interval, range_interval, rate_interval
from humanoid_vla.safety.projection import no_worse_than, project
from humanoid_vla.safety.robot import RobotModel
from humanoid_vla.safety.settings import FilterSettings

MOST_CONSTRAINTS = 24
"""Collision constraints that are weighed against each other in a step."""

BRAKING_SHARE = 0.5
"""Share of a motor's torque that braking before a limit may take."""

PLAUSIBLE = 1e3
"""Larger measurements are missing ones [rad, rad/s]: no joint is there, and their squares overflow."""


class ActionFilter:
    """Joint position targets of one robot, or of a batch of them, made safe step by step.

    In this order: what is not finite is replaced by the last target, and every target is taken into the joint's range;
    targets move no faster than limits allow, and not away from the measured joint; their PD torque stays within the
    effort limit; they keep the joint able to stop before the end of its range; bodies keep apart and out of boxes. The
    last two are found together, as the nearest point within all bounds at once. Whatever contradicts itself, the last
    target is always allowed: then the robot slows down and stops. What that guarantees, and what not: docs/safety.md.

    A joint whose measurement is missing (not finite, or absurd) is not moved on; it is taken to be where
    :mod:`.dynamics` expects it.

    Args:
        robot: The robot; its joints in the order of all arrays here.
        dt: Length of a step [s].
        settings: How careful to be.
        backend: :class:`.backend.NumpyBackend` or :class:`.torch_backend.TorchBackend`.
        batch: Number of robots.

    Raises:
        ValueError: If `dt` is not a positive number.
    """

    def __init__(
        self, robot: RobotModel, dt: float, settings: FilterSettings, backend: Backend, batch: int = 1
    ) -> None:
        if not 0.0 < dt < float("inf"):
            raise ValueError(f"dt must be a positive number of seconds, got {dt}")
        self.robot, self.dt, self.settings, self.backend, self.batch = robot, dt, settings, backend, batch
        self.kinematics = Kinematics(robot, backend)
        self.dynamics = dynamics = JointDynamics(robot, backend)
        self.collisions = CollisionConstraints(robot, dynamics, settings, backend)
        margin = np.minimum(settings.limit_margin, 0.15 * (robot.upper - robot.lower))
        self.ends = Interval(backend.constant(robot.lower + margin), backend.constant(robot.upper - margin))
        speeds = np.minimum(robot.velocity_limit, settings.max_speed)
        if not settings.on_feet:
            # coming to rest at that rate from speed v takes a deceleration of rate v
            speeds = np.minimum(speeds, BRAKING_SHARE * dynamics.acceleration / settings.approach_rate)
        self._max_speed = backend.constant(speeds)
        self._max_step = backend.constant(robot.velocity_limit * dt)
        # light joints that jerk would throw about the heavy ones that carry them
        effort_limit = np.minimum(robot.effort_limit, dynamics.load + settings.max_push * dynamics.inertia)
        self._lag = backend.constant(robot.damping / robot.stiffness)
        self._reach = backend.constant(effort_limit / robot.stiffness)
        # the nearest targets are those that change accelerations least
        self._metric = backend.constant(robot.stiffness / dynamics.inertia)
        self.counters = Counters(backend, self.ends.high - self.ends.low)
        middle = (0.5 * (self.ends.low + self.ends.high))[None]
        self._command = backend.xp.concatenate([middle] * batch)
        self._command_vel = backend.xp.zeros_like(self._command)
        self._expected_pos = backend.xp.zeros_like(self._command) + self._command
        self._expected_vel = backend.xp.zeros_like(self._command)
        self._kind, self._shape = type(self._command), tuple(self._command.shape)

    @property
    def command(self) -> Array:
        """The last targets [rad], shape (batch, n)."""
        return self._command

    def reset(self, joint_pos: Array, rows: Array | slice = slice(None)) -> None:
        """Begin at rest, where the robot is.

        Args:
            joint_pos: Measured joint positions [rad], shape (batch, n), or (rows, n).
            rows: The robots to begin anew.

        Raises:
            ValueError: If a position is not finite: without one there is nothing safe to begin from.
        """
        xp = self.backend.xp
        if not (xp.abs(joint_pos) < PLAUSIBLE).all():
            raise ValueError("the filter cannot begin: a measured joint position is missing or not finite")
        # copies: the last targets are in the caller's hands, and what inference mode made cannot be written to
        self._command, self._command_vel = self._command + 0.0, self._command_vel + 0.0
        self._expected_pos, self._expected_vel = self._expected_pos + 0.0, self._expected_vel + 0.0
        self._expected_pos[rows] = joint_pos
        self._expected_vel[rows] = 0.0
        self._command[rows] = self.ends.nearest(xp, joint_pos)
        self._command_vel[rows] = 0.0

    def step(self, targets: Array, joint_pos: Array, joint_vel: Array, age: float = 0.0) -> Array:
        """The nearest safe targets.

        Args:
            targets: Joint position targets that are asked for [rad], shape (batch, n); may hold anything.
            joint_pos: Measured joint positions [rad]; NaN where the measurement is missing.
            joint_vel: Measured joint velocities [rad/s]; likewise.
            age: How old the measurements are [s]; older than `max_age`, from the future or not finite they are missing.

        Returns:
            Targets [rad], shape (batch, n), a new array.

        Raises:
            ValueError: If one of the three is no array of the backend, or of another shape.
        """
        for name, values in (("targets", targets), ("joint_pos", joint_pos), ("joint_vel", joint_vel)):
            if not isinstance(values, self._kind) or values.shape != self._shape:
                got = f"{type(values).__name__} of shape {tuple(getattr(values, 'shape', ()))}"
                raise ValueError(f"{name} must be a {self._kind.__name__} of shape {self._shape}, got a {got}")
        xp, settings, counters = self.backend.xp, self.settings, self.counters
        command = self._command
        measured = (xp.abs(joint_pos) < PLAUSIBLE) & (xp.abs(joint_vel) < PLAUSIBLE)
        if not 0.0 <= age <= settings.max_age:
            measured = measured & False
        joint_pos = xp.where(measured, joint_pos, self._expected_pos)
        joint_vel = xp.where(measured, joint_vel, self._expected_vel)
        usable = measured & xp.isfinite(targets)
        asked = self.ends.nearest(xp, xp.where(usable, targets, command))

        rates = rate_interval(xp, command, self._command_vel, self._max_speed, settings.max_acceleration, self.dt)
        leads = lead_interval(joint_pos, settings.max_lead)
        rated = leads.within(xp, rates).nearest(xp, asked)

        # what follows may be in a hurry: it knows the joints' own limits only
        bounds = leads.within(xp, Interval(command - self._max_step, command + self._max_step))
        efforts = effort_interval(joint_pos, joint_vel, self._lag, self._reach)
        bounds = efforts.within(xp, bounds)
        eased = bounds.nearest(xp, rated)

        posture = self.kinematics.posture(joint_pos)
        gravity = self.dynamics.gravity(posture)
        passive = gravity - self.dynamics.damping * joint_vel
        rate = settings.approach_rate
        ranges = range_interval(
            xp, command, joint_pos, passive + 2.0 * rate * joint_vel, self.dynamics.stiffness, self.ends, rate, self.dt
        )
        bounds = ranges.within(xp, bounds)
        inside = bounds.nearest(xp, eased)

        constraints = self.collisions.constraints(posture, joint_pos, joint_vel, passive)
        safe, share = self._keep_apart(inside, bounds, command, constraints)
        # rounding must not leave the range by a hair
        safe = self.ends.nearest(xp, safe)
        counters.add(
            missing=(~measured).any(axis=-1),
            invalid=(measured & ~usable).any(axis=-1),
            change=safe - asked,
            rate=rated - asked,
            effort=eased - rated,
            range=inside - eased,
            collision=safe - inside,
            slowed=share < 1.0,
        )
        self._command_vel = (safe - command) / self.dt
        self._command = safe
        self._expected_pos, self._expected_vel = self.dynamics.predicted(joint_pos, joint_vel, safe, gravity, self.dt)
        return safe

    def _keep_apart(
        self, wanted: Array, bounds: Interval, command: Array, constraints: Constraints
    ) -> tuple[Array, Array]:
        """Targets that meet the collision constraints, and how much of the way to them was kept."""
        xp, backend, metric = self.backend.xp, self.backend, self._metric
        share = xp.ones_like(wanted[:, 0])
        slack = times(constraints.rows, wanted) - constraints.least
        index = backend.rows_where((slack < 0.0).any(axis=-1))
        if len(index) == 0:
            return wanted, share
        # the tightest are enough: while these are met, others rarely become short
        tightest = backend.nearest(slack[index], min(MOST_CONSTRAINTS, slack.shape[-1]))
        rows = constraints.rows[index[:, None], tightest] / metric
        least = constraints.least[index[:, None], tightest]
        some = slice(None) if len(index) == len(wanted) else index
        scaled = Interval(bounds.low[some] * metric, bounds.high[some] * metric)
        nearest = project(backend, wanted[some] * metric, scaled, rows, least)
        hold = scaled.nearest(xp, command[some] * metric)
        kept, kept_share = no_worse_than(backend, nearest, hold, rows, least)
        if some is not index:
            return kept / metric, kept_share
        safe = wanted + 0.0
        safe[index], share[index] = kept / metric, kept_share
        return safe, share
