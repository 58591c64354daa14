"""Measurements that are too old, from the future or of no known age count as missing: the robot is not moved on."""

import math

import numpy as np
import pytest
from safety_robots import make_filter, make_g1

ROBOT = make_g1()


def filtered(age: float) -> tuple[np.ndarray, float]:
    """The first command of a robot at rest that is told to move, and how often measurements were missing."""
    safety = make_filter(ROBOT, max_age=0.1)
    rest = np.zeros((1, ROBOT.num_joints)).clip(*safety.ends)
    safety.reset(rest)
    command = safety.step(rest + 0.5, rest, np.zeros_like(rest), age)
    return command - rest, safety.counters.figures()["missing"]


@pytest.mark.parametrize("age", [0.0, 0.05, 0.1])
def test_fresh_measurements_count(age: float) -> None:
    moved, missing = filtered(age)
    assert moved.max() > 1e-4
    assert missing == 0.0


@pytest.mark.parametrize("age", [0.1001, 5.0, -0.001, math.inf, -math.inf, math.nan])
def test_stale_ones_are_missing_and_nothing_moves_on(age: float) -> None:
    moved, missing = filtered(age)
    assert moved.max() < 1e-4
    assert missing == 1.0
