"""How far a joint's target may go within one step: intervals, each joint for itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from humanoid_vla.safety.backend import Array


class Interval(NamedTuple):
    """Targets from ``low`` to ``high`` [rad], each (batch, n)."""

    low: Array
    high: Array

    def nearest(self, xp: Any, targets: Array) -> Array:
        """Each target, or the end of the interval that is nearest to it."""
        # two calls: NumPy's own clip costs as much as seven
        return xp.minimum(xp.maximum(targets, self.low), self.high)

    def within(self, xp: Any, outer: Interval) -> Interval:
        """What is left of this interval in another one; where nothing is, the end of the other that is nearest."""
        return Interval(outer.nearest(xp, self.low), outer.nearest(xp, self.high))


def rate_interval(
    xp: Any, command: Array, command_vel: Array, max_speed: Array, max_acceleration: float, dt: float
) -> Interval:
    """Where a target can be one step later: v limited, and no speed gained faster than by a dt; it may always stop.

    Args:
        xp: The array library.
        command: The last target [rad].
        command_vel: How fast it moved in the last step [rad/s].
        max_speed: Largest speed of a target [rad/s], shape (n,).
        max_acceleration: Of a target [rad/s^2].
        dt: Length of a step [s].
    """
    gain = max_acceleration * dt
    zero = xp.zeros_like(max_speed)
    fastest = xp.minimum(xp.maximum(command_vel, zero) + gain, max_speed)
    slowest = xp.maximum(xp.minimum(command_vel, zero) - gain, -max_speed)
    return Interval(command + slowest * dt, command + fastest * dt)


def lead_interval(joint_pos: Array, max_lead: float) -> Interval:
    """Targets near the measured position."""
    return Interval(joint_pos - max_lead, joint_pos + max_lead)


def effort_interval(joint_pos: Array, joint_vel: Array, lag: Array, reach: Array) -> Interval:
    """Targets whose PD law stays within the effort limit: |kp (target - q) - kd q'| <= limit.

    Args:
        joint_pos: Measured [rad].
        joint_vel: Measured [rad/s].
        lag: kd / kp, shape (n,) [s].
        reach: The limit / kp, shape (n,) [rad].
    """
    centre = joint_pos + lag * joint_vel
    return Interval(centre - reach, centre + reach)


def range_interval(
    xp: Any, command: Array, joint_pos: Array, passive: Array, stiffness: Array, ends: Interval, rate: float, dt: float
) -> Interval:
    """Targets from which joints come to rest before the ends of their range.

    Args:
        xp: The array library.
        command: The last target [rad].
        joint_pos: Measured [rad].
        passive: Terms of :mod:`.dynamics` that the target does not change, less those below [rad/s^2].
        stiffness: kp / I, shape (n,) [1/s^2].
        ends: Of the usable range [rad], each (n,).
        rate: Share of the way left that may be used up in a second [1/s].
        dt: Length of a step [s].
    """
    # a target comes towards an end by rate dt of what is left at most, and, with h = end - q left to the joint,
    # h'' + 2 rate h' + rate^2 h >= 0 keeps h >= 0 (an exponential control barrier function, arXiv 1903.11199, eq. 38)
    share = min(rate * dt, 1.0)
    gain = rate * rate / stiffness
    free, kept = joint_pos - gain * joint_pos - passive / stiffness, (1.0 - share) * command
    high = xp.minimum(free + gain * ends.high, kept + share * ends.high)
    low = xp.maximum(free + gain * ends.low, kept + share * ends.low)
    return Interval(xp.minimum(low, ends.high), xp.maximum(high, ends.low))
