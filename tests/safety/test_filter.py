"""The action filter: both faces alike, robots for themselves, and what it keeps robots from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pinocchio_model import CoalDistances, PinocchioRobot
from safety_robots import (
    ALL,
    DT,
    LAG,
    UPPER,
    follow_late,
    make_filter,
    make_g1,
    obey_dynamics,
    posture_of,
    random_postures,
)

from adversary import Adversary
from humanoid_vla.safety.distances import to_boxes
from humanoid_vla.safety.robot import RobotModel
from humanoid_vla.safety.settings import Box
from humanoid_vla.safety.torch_backend import TorchBackend

ROBOT, UPPER_BODY = make_g1(ALL), make_g1(UPPER)
HOME = {f"{side}_{part}": sign * angle for side, sign in (("left", 1.0), ("right", -1.0))
        for part, angle in (("elbow", 0.6 * sign), ("shoulder_roll", 0.2), ("shoulder_pitch", 0.2 * sign))}  # fmt: skip
ACROSS = {"left_shoulder_yaw": -1.5, "left_elbow": -0.6}  # the left arm, into the chest


class Distances:
    """The smallest distance of each posture's bodies, by Coal."""

    def __init__(self, robot: RobotModel) -> None:
        self._names, self._reference = robot.joint_names, PinocchioRobot()
        pairs = [(robot.capsule_names[first], robot.capsule_names[second]) for first, second in robot.pairs]
        self._coal = CoalDistances(self._reference, pairs)

    def smallest(self, joint_pos: np.ndarray) -> np.ndarray:
        angles = self._reference.angles(self._names, joint_pos)
        return self._coal.distances(self._reference.placements(angles))[0].min(axis=1)


@pytest.fixture(scope="module")
def distances() -> Distances:
    return Distances(UPPER_BODY)


def test_numpy_and_torch_and_robots_alone_are_alike() -> None:
    """Under an adversary who sends NaN and infinities and loses measurements."""
    filters = [make_filter(ROBOT, 4, TorchBackend(dtype=torch.float64)), make_filter(ROBOT, 4)]
    alone = [make_filter(ROBOT) for _ in range(4)]
    in_float32 = make_filter(ROBOT, 4, TorchBackend())
    adversary = Adversary(filters[0], seed=0)
    joint_pos = torch.zeros(4, 29, dtype=torch.float64)
    joint_vel = torch.zeros_like(joint_pos)
    filters[0].reset(joint_pos)
    in_float32.reset(joint_pos.float())
    for safety in (filters[1], *alone):
        safety.reset(joint_pos[: safety.batch].numpy())
    for _ in range(200):
        targets = adversary.targets(joint_pos)
        seen_pos, seen_vel = adversary.dropouts(joint_pos, joint_vel)
        command = filters[0].step(targets, seen_pos, seen_vel)
        in_numpy = filters[1].step(targets.numpy(), seen_pos.numpy(), seen_vel.numpy())
        assert np.abs(in_numpy - command.numpy()).max() < 1e-9
        for row, safety in enumerate(alone):
            rows = slice(row, row + 1)
            single = safety.step(targets[rows].numpy(), seen_pos[rows].numpy(), seen_vel[rows].numpy())
            assert np.abs(single - command[row].numpy()).max() < 1e-9
        coarse = in_float32.step(targets.float(), seen_pos.float(), seen_vel.float())
        assert (coarse - command).abs().max() < 1e-3
        joint_vel = (command - joint_pos) / LAG
        joint_pos = joint_pos + joint_vel * DT
    figures = filters[0].counters.figures()
    assert filters[1].counters.figures() == pytest.approx(figures)
    assert all(figures[name] > 0.0 for name in ("missing", "invalid", "rate", "effort", "range", "collision"))


@pytest.mark.parametrize("angles", [{}, HOME], ids=["straight", "home"])
def test_a_robot_that_asks_for_its_own_posture_is_left_alone(angles: dict[str, float]) -> None:
    safety, posture = make_filter(UPPER_BODY), posture_of(UPPER_BODY, **angles)
    safety.reset(posture)
    for _ in range(5):
        assert (safety.step(posture, posture, np.zeros_like(posture)) == posture).all()
    assert safety.counters.figures()["change_rms"] == 0.0


def test_a_robot_that_came_to_rest_is_left_alone(distances: Distances) -> None:
    """Where its arms sag to under gravity."""
    home, rested = posture_of(UPPER_BODY, **HOME), 0
    for targets in home + 0.05 * random_postures(UPPER_BODY, 8)[:, None]:
        safety = make_filter(UPPER_BODY)
        postures = obey_dynamics(safety, targets, home, 120)
        if distances.smallest(postures[-1:]) > 0.03:
            safety.counters.clear()
            rest = postures[-1:]
            assert (safety.step(targets, rest, np.zeros_like(rest)) == targets).all()
            assert safety.counters.figures()["change_rms"] == 0.0
            rested += 1
    assert rested > 3


def test_targets_gain_speed_by_hand() -> None:
    safety, start = make_filter(UPPER_BODY, max_acceleration=20.0), posture_of(UPPER_BODY)
    targets, elbow = posture_of(UPPER_BODY, left_elbow=0.5), UPPER.index("left_elbow_joint")
    safety.reset(start)
    # 20 rad/s^2 in steps of 0.01 s: 0.2, 0.4, 0.6 rad/s; the robot follows at once
    for expected in (0.002, 0.006, 0.012):
        command = safety.step(targets, safety.command, np.zeros_like(start))
        assert command[0, elbow] == pytest.approx(expected)
        assert np.delete(command[0], elbow) == pytest.approx(np.zeros(16), abs=1e-12)


def test_targets_come_to_the_usable_ends_and_stay() -> None:
    robot = make_g1(("left_elbow_joint", "left_wrist_roll_joint"), pairs={})  # hands and legs do not matter here
    for sign, limits in ((1.0, robot.upper), (-1.0, robot.lower)):
        safety = make_filter(robot, limit_margin=0.1)
        postures = obey_dynamics(safety, np.full((1, 2), sign * 1e6), np.zeros((1, 2)), 400)
        assert safety.command[0] == pytest.approx(limits - sign * 0.1, abs=5e-3)
        assert (sign * (limits - postures) > 0.0).all()
        assert (safety.command >= safety.ends.low).all()
        assert (safety.command <= safety.ends.high).all()


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_blocked_joint_pushes_no_harder_than_it_may(sign: float) -> None:
    safety, joint_pos = make_filter(UPPER_BODY), posture_of(UPPER_BODY)
    targets = np.full((1, 17), sign)
    safety.reset(joint_pos)
    for _ in range(200):
        command = safety.step(targets, joint_pos, np.zeros_like(joint_pos))
    effort = UPPER_BODY.stiffness * (command - joint_pos)
    assert (np.abs(effort) <= UPPER_BODY.effort_limit + 1e-9).all()
    assert (np.abs(command - joint_pos) <= safety.settings.max_lead + 1e-12).all()
    assert np.abs(command - joint_pos).max() > 0.1


def test_an_arm_across_the_chest_stops_before_it(distances: Distances) -> None:
    start, targets = posture_of(UPPER_BODY, **HOME), posture_of(UPPER_BODY, **ACROSS)
    assert distances.smallest(start) > 0.03
    assert distances.smallest(targets) < -0.1
    for move in (follow_late, obey_dynamics):
        safety = make_filter(UPPER_BODY)
        postures = move(safety, targets, start, 300)
        assert distances.smallest(postures).min() > 0.0
        assert np.abs(postures[-1] - start).max() > 0.3  # it went some of the way
        assert safety.counters.figures()["collision"] > 0.5


def test_no_target_brings_bodies_together(distances: Distances) -> None:
    """Joints as the filter expects them."""
    start = posture_of(UPPER_BODY, **HOME)
    colliding = [targets[None] for targets in random_postures(UPPER_BODY, 20, seed=3)]
    colliding = [targets for targets in colliding if distances.smallest(targets) < -0.01]
    assert len(colliding) >= 10
    for targets in colliding[:10]:
        postures = obey_dynamics(make_filter(UPPER_BODY), targets, start, 150)
        assert distances.smallest(postures[::3]).min() > 0.0


@pytest.mark.parametrize("move", [follow_late, obey_dynamics])
def test_robots_stay_out_of_boxes(move: Callable[..., np.ndarray]) -> None:
    """A table before the robot, and hands that are to go down through it."""
    centre, size = (0.45, 0.0, -0.05), (0.4, 1.2, 0.1)
    moving = np.flatnonzero(UPPER_BODY.capsule_frames >= 0)
    centres, halves = np.repeat([centre], len(moving), axis=0).T, 0.5 * np.repeat([size], len(moving), axis=0).T
    targets = posture_of(UPPER_BODY, waist_pitch=0.5, left_shoulder_pitch=0.3, left_elbow=0.6)
    smallest = []
    for boxes in ((), (Box(centre, size),)):
        safety = make_filter(UPPER_BODY, keep_out=boxes)
        capsules = safety.kinematics.posture(move(safety, targets, posture_of(UPPER_BODY), 200)).capsules
        radii = UPPER_BODY.capsule_radii[moving]
        smallest.append(to_boxes(np, capsules[..., moving], radii, centres, halves).distances.min())
    without, with_box = smallest
    assert without < -0.05
    assert with_box > 0.0


def test_robots_begin_anew_by_rows() -> None:
    safety, start = make_filter(UPPER_BODY, 3), np.repeat(posture_of(UPPER_BODY), 3, axis=0)
    targets = np.repeat(posture_of(UPPER_BODY, left_wrist_roll=0.8), 3, axis=0)
    safety.reset(start)
    for _ in range(20):
        before = safety.step(targets, safety.command, np.zeros_like(start))
    anew = np.repeat(posture_of(UPPER_BODY, left_wrist_roll=-0.3), 2, axis=0)
    safety.reset(anew, np.array([0, 2]))
    assert (safety.command[[0, 2]] == anew).all()
    assert (safety.command[1] == before[1]).all()
    after = safety.step(targets, safety.command, np.zeros_like(start))
    # robot 1 is at speed, the others begin at rest
    gained = safety.settings.max_acceleration * DT**2
    assert np.abs(after[1] - before[1]).max() > 3.0 * gained
    assert np.abs(after[[0, 2]] - anew).max() == pytest.approx(gained)


def test_what_was_given_out_stays_as_it_was() -> None:
    safety = make_filter(UPPER_BODY, 2)
    safety.reset(np.zeros((2, 17)))
    given = safety.step(np.full((2, 17), 0.3), np.zeros((2, 17)), np.zeros((2, 17)))
    copy = given.copy()
    safety.reset(np.full((1, 17), 0.1), np.array([1]))
    assert (given == copy).all()


def test_robots_begin_anew_after_inference_mode() -> None:
    safety = make_filter(UPPER_BODY, 2, TorchBackend())
    zeros = torch.zeros(2, 17)
    with torch.inference_mode():
        safety.step(zeros, zeros, zeros)
    safety.reset(zeros[:1], torch.tensor([1]))
    assert (safety.command[1] == safety.ends.nearest(torch, zeros[1])).all()
