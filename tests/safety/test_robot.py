"""What the filter knows of a robot: limits from the json, and calls that make none."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from pinocchio_model import LINKS, PinocchioRobot
from safety_robots import JOINT_SETS, UPPER, make_g1

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.safety.pairs import load_pairs
from humanoid_vla.safety.robot import make_robot

JOINTS = {link["joint"]["name"]: link["joint"] for link in LINKS if link["parent"] is not None}


@pytest.mark.parametrize("joint_names", JOINT_SETS.values(), ids=JOINT_SETS.keys())
def test_numbers_are_those_of_the_json(joint_names: tuple[str, ...]) -> None:
    robot, reference = make_g1(joint_names), PinocchioRobot()
    assert robot.joint_names == joint_names
    assert robot.num_joints == len(joint_names)
    for column, name in enumerate(joint_names):
        joint = JOINTS[name]
        assert [robot.lower[column], robot.upper[column]] == joint["range"]
        assert robot.velocity_limit[column] == joint["velocity_limit"]
        assert robot.effort_limit[column] == joint["effort_limit"]
        assert robot.armatures[column] == joint["armature"]
    assert set(robot.capsule_names) == set(reference.capsules)
    assert robot.capsule_radii.tolist() == [reference.capsules[name][2] for name in robot.capsule_names]


def test_pairs_that_stand_still_to_each_other_are_left_out() -> None:
    whole, upper = make_g1(), make_g1(UPPER)
    names = {(whole.capsule_names[first], whole.capsule_names[second]) for first, second in whole.pairs}
    assert names == load_pairs().keys()
    legs = ("pelvis", "hip", "knee", "ankle")
    still = {pair for pair in names if all(any(part in name for part in legs) for name in pair)}
    assert len(still) > 10
    kept = {(upper.capsule_names[first], upper.capsule_names[second]) for first, second in upper.pairs}
    assert kept == names - still


TWO = ("left_elbow_joint", "right_elbow_joint")


@pytest.mark.parametrize(
    ("joint_names", "stiffness", "damping", "message"),
    [
        (("left_elbow_joint", "tail_joint"), (1.0, 1.0), (1.0, 1.0), r"unknown joints \['tail_joint'\]; the robot has"),
        (("left_elbow_joint",) * 2, (1.0, 1.0), (1.0, 1.0), "a joint is named twice"),
        (TWO, (1.0,), (1.0, 1.0), "stiffness must be a finite, positive number for each of 2 joints"),
        (TWO, (1.0, math.nan), (1.0, 1.0), "stiffness must be"),
        (TWO, (1.0, -1.0), (1.0, 1.0), "stiffness must be"),
        (TWO, (1.0, 0.0), (1.0, 1.0), "stiffness must not be zero"),
        (TWO, (1.0, 1.0), (1.0, 1.0, 1.0), "damping must be"),
        (TWO, (1.0, 1.0), (1.0, math.inf), "damping must be"),
        (TWO, (1.0, 1.0), (-0.1, 1.0), "damping must be"),
    ],
)
def test_impossible_robots_are_refused(
    joint_names: Sequence[str], stiffness: Sequence[float], damping: Sequence[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_robot(load_figures(), joint_names, stiffness, damping, load_pairs())


def test_damping_may_be_zero() -> None:
    assert make_robot(load_figures(), TWO, (1.0, 1.0), np.zeros(2), {}).damping.tolist() == [0.0, 0.0]
