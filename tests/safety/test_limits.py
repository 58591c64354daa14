"""Intervals for targets, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from humanoid_vla.safety.limits import Interval, effort_interval, lead_interval, range_interval, rate_interval


def array(*values: float) -> np.ndarray:
    return np.array([values])


def check(interval: Interval, low: list[float], high: list[float]) -> None:
    assert interval.low[0] == pytest.approx(low)
    assert interval.high[0] == pytest.approx(high)


def test_nearest_is_the_target_or_an_end() -> None:
    interval = Interval(array(-1.0, -1.0, -1.0), array(2.0, 2.0, 2.0))
    assert interval.nearest(np, array(-3.0, 0.5, 7.0)).tolist() == [[-1.0, 0.5, 2.0]]
    assert interval.nearest(np, array(-np.inf, np.inf, 2.0)).tolist() == [[-1.0, 2.0, 2.0]]


def test_within_is_the_intersection_or_the_nearest_end_of_the_outer_interval() -> None:
    # inner: overlaps below, inside, around, apart below, apart above
    inner = Interval(array(-2.0, 0.2, -9.0, -7.0, 5.0), array(0.5, 0.3, 9.0, -5.0, 6.0))
    outer = Interval(array(-1.0, -1.0, -1.0, -1.0, -1.0), array(1.0, 1.0, 1.0, 1.0, 1.0))
    check(inner.within(np, outer), [-1.0, 0.2, -1.0, -1.0, 1.0], [0.5, 0.3, 1.0, -1.0, 1.0])


def test_rate_gains_speed_by_and_by_and_may_stop_at_once() -> None:
    # 20 rad/s^2 for 0.01 s: 0.2 rad/s faster at most. At rest, ahead, back, nearly at full speed, with less allowed
    command, speed = array(1.0, 1.0, 1.0, 1.0, 1.0), array(0.0, 0.5, -0.5, 1.9, 0.0)
    interval = rate_interval(np, command, speed, np.array([2.0, 2.0, 2.0, 2.0, 0.1]), 20.0, 0.01)
    check(interval, [0.998, 0.998, 0.993, 0.998, 0.999], [1.002, 1.007, 1.002, 1.02, 1.001])


def test_lead_is_about_the_measured_position() -> None:
    check(lead_interval(array(0.2, -1.0), 0.5), [-0.3, -1.5], [0.7, -0.5])


def test_effort_is_what_the_pd_law_gives_at_both_ends() -> None:
    # at rest: 10 N m / 40 N m/rad = 0.25 rad each way; at 2 rad/s and kd 4, 8 N m brake: 0.2 rad ahead are none
    stiffness, damping, limit = np.array([40.0, 40.0]), np.array([4.0, 4.0]), np.array([10.0, 10.0])
    interval = effort_interval(array(0.1, 0.1), array(0.0, 2.0), damping / stiffness, limit / stiffness)
    check(interval, [-0.15, 0.05], [0.35, 0.55])
    for end, effort in ((interval.low, -10.0), (interval.high, 10.0)):
        assert stiffness * (end - array(0.1, 0.1)) - damping * array(0.0, 2.0) == pytest.approx(array(effort, effort))


def test_range_at_rest_in_the_middle_is_a_share_of_what_is_left() -> None:
    # rate 10 and 0.01 s: a tenth of the 1.5 rad and 2.5 rad to the ends; the joint's own bound,
    # (100 (2 - 0) - 0) / 50 + 0 = 4 rad, is farther
    ends = Interval(np.array([-2.0]), np.array([2.0]))
    interval = range_interval(np, array(0.5), array(0.0), array(0.0), np.array([50.0]), ends, 10.0, 0.01)
    check(interval, [0.5 - 0.25], [0.5 + 0.15])


def test_range_of_a_joint_that_comes_too_fast_ends_behind_it() -> None:
    # 0.1 rad before the upper end at 2 rad/s with kd / I = 4: passive = -4 * 2 + 2 * 10 * 2 = 32;
    # (100 * 0.1 - 32) / 50 + 1.9 = 1.46 at most: a target that brakes. Lower: (100 * -3.9 - 32) / 50 + 1.9 = -6.54
    ends = Interval(np.array([-2.0]), np.array([2.0]))
    interval = range_interval(np, array(1.9), array(1.9), array(32.0), np.array([50.0]), ends, 10.0, 0.01)
    check(interval, [1.9 - 0.1 * 3.9], [1.46])


def test_range_never_asks_for_targets_beyond_the_other_end() -> None:
    ends = Interval(np.array([-2.0, -2.0]), np.array([2.0, 2.0]))
    passive = array(1e4, -1e4)
    interval = range_interval(np, array(0.0, 0.0), array(0.0, 0.0), passive, np.array([50.0, 50.0]), ends, 10.0, 0.01)
    # upwards without a hold: everything down to the lower end is forbidden but the end itself; downwards likewise
    check(interval, [-0.2, 2.0], [-2.0, 0.2])


def test_range_in_one_long_step_goes_to_the_end_and_not_past_it() -> None:
    ends = Interval(np.array([-2.0]), np.array([2.0]))
    interval = range_interval(np, array(1.0), array(1.0), array(0.0), np.array([50.0]), ends, 10.0, 0.5)
    check(interval, [-2.0], [2.0])
