"""The filter of a robot on its feet: as careful as the other, but with targets as fast as legs need them."""

from typing import Any

import numpy as np
import pytest
from safety_robots import make_g1

from humanoid_vla.safety.backend import NumpyBackend
from humanoid_vla.safety.filter import ActionFilter
from humanoid_vla.safety.settings import FilterSettings

DT = 0.02
SETTINGS: dict[str, Any] = {
    "max_speed": 20.0,
    "max_acceleration": 1000.0,
    "max_push": 6000.0,
    "max_lead": 2.0,
    "approach_rate": 50.0,
}


def fastest(safety: ActionFilter) -> np.ndarray:
    """How fast each joint's target goes when it is asked to go far, from the middle of its range [rad/s]."""
    pos = (0.5 * (safety.ends.low + safety.ends.high))[None]
    safety.reset(pos)
    return np.abs(safety.step(pos + 1.0, pos, np.zeros_like(pos)) - pos)[0] / DT


def test_targets_of_hips_are_as_fast_as_they_may_be() -> None:
    robot = make_g1(["left_hip_pitch_joint", "left_knee_joint"])
    slow = ActionFilter(robot, DT, FilterSettings(**SETTINGS), NumpyBackend())
    fast = ActionFilter(robot, DT, FilterSettings(on_feet=True, **SETTINGS), NumpyBackend())
    assert fastest(slow)[0] < 5.0  # what the motor can stop
    assert fastest(fast) == pytest.approx([14.67, 20.0], abs=0.1)  # a motor at its effort limit; the setting


def test_targets_stay_in_their_range_and_are_no_faster_than_joints() -> None:
    safety = ActionFilter(make_g1(), DT, FilterSettings(on_feet=True, **{**SETTINGS, "max_speed": 1e3}), NumpyBackend())
    rng, robot = np.random.default_rng(0), safety.robot
    pos = np.zeros((1, robot.num_joints))
    safety.reset(pos)
    last = safety.command
    for _ in range(200):
        pos = pos + rng.normal(0.0, 0.05, pos.shape)
        command = safety.step(rng.uniform(-9.0, 9.0, pos.shape), pos, rng.normal(0.0, 5.0, pos.shape))
        assert (np.abs(command - last) <= robot.velocity_limit * DT + 1e-9).all()
        assert ((command >= safety.ends.low - 1e-12) & (command <= safety.ends.high + 1e-12)).all()
        last = command
