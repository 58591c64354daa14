"""Distances and their gradients: by hand, against Coal's, and against Pinocchio's Jacobians."""
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

from __future__ import annotations

from typing import NamedTuple

import coal
import numpy as np
import pytest
import torch
from pinocchio_model import CoalDistances, PinocchioRobot
from safety_robots import make_g1, random_postures

from humanoid_vla.safety.backend import NumpyBackend
from humanoid_vla.safety.collisions import CollisionConstraints
from humanoid_vla.safety.distances import SAMPLES, Nearest, between_capsules, to_boxes
from humanoid_vla.safety.dynamics import JointDynamics
from humanoid_vla.safety.kinematics import Kinematics, distance_gradient, moved_by
from humanoid_vla.safety.robot import RobotModel
from humanoid_vla.safety.settings import Box, FilterSettings

POSTURES, DIFFERENTIATED = 1000, 20
STEP = 1e-5  # of differences [rad]


class Case(NamedTuple):
    """Random postures of all joints, what we say of them and what Coal does; (postures, pairs, ...)."""

    robot: RobotModel
    joint_pos: np.ndarray
    ours: Nearest
    gradients: np.ndarray
    distances: np.ndarray
    points: tuple[np.ndarray, np.ndarray]
    frames: np.ndarray
    reference: PinocchioRobot
    coal: CoalDistances
    pairs: list[tuple[str, str]]


@pytest.fixture(scope="module")
def case() -> Case:
    robot, reference = make_g1(), PinocchioRobot()
    joint_pos = random_postures(robot, POSTURES, seed=1)
    first, second = robot.pairs.T
    posture = Kinematics(robot, NumpyBackend()).posture(joint_pos)
    radii = robot.capsule_radii[first] + robot.capsule_radii[second]
    ours = between_capsules(np, posture.capsules[..., np.concatenate((first, second))], radii)
    moves = moved_by(robot, robot.capsule_frames)
    gradients = distance_gradient(np, posture, ours.points, ours.normals, moves[first] - moves[second])
    pairs = [(robot.capsule_names[a], robot.capsule_names[b]) for a, b in robot.pairs]
    theirs = CoalDistances(reference, pairs)
    frames = reference.placements(reference.angles(robot.joint_names, joint_pos))
    distances, *points = theirs.distances(frames)
    return Case(robot, joint_pos, ours, gradients, distances, (points[0], points[1]), frames, reference, theirs, pairs)


def test_distances_are_coals(case: Case) -> None:
    """None is left out: where axes cross, the distance is as well defined as anywhere."""
    assert (case.distances < -0.02).sum() > 1000  # bodies deep in each other are among them
    assert np.abs(case.ours.distances - case.distances).max() < 1e-7


def test_gradients_are_pinocchios(case: Case) -> None:
    """Left out: axes nearer than 1 mm, whose normal is not defined where they cross."""
    apart = case.points[0] - case.points[1]
    normals = apart / np.linalg.norm(apart, axis=-1, keepdims=True) * np.sign(case.distances)[..., None]
    expected = np.zeros_like(case.gradients)
    jacobians = case.reference.jacobians(case.reference.angles(case.robot.joint_names, case.joint_pos))
    order = [case.reference.joint_names.index(name) for name in case.robot.joint_names]
    for sign, points, side in ((1.0, case.points[0], 0), (-1.0, case.points[1], 1)):
        joints = [case.reference.capsules[pair[side]][0] for pair in case.pairs]
        # n . (v + w x (p - o)) = n . v + w . ((p - o) x n)
        levers = np.cross(points - case.frames[:, joints][..., :3, 3], normals)
        lines = np.concatenate([normals, levers], axis=-1)  # (postures, pairs, 6)
        for row in range(POSTURES):
            expected[row] += sign * (lines[row, :, None] @ jacobians[row, joints])[:, 0, order]
    axes_apart = case.ours.distances + _radii(case.robot)
    defined = axes_apart > 1e-3
    assert (~defined).sum() < 20
    assert np.abs(expected).max() > 0.3
    assert np.abs(case.gradients - expected)[defined].max() < 1e-6


def test_gradients_are_the_differences_of_coals_distances(case: Case) -> None:
    """Nearest points jump between parallel capsules; among these there are none nearly so."""
    joint_pos = case.joint_pos[:DIFFERENTIATED, None]
    steps = STEP * np.eye(case.robot.num_joints)
    moved = np.stack([joint_pos + steps, joint_pos - steps], axis=1).reshape(-1, case.robot.num_joints)
    frames = case.reference.placements(case.reference.angles(case.robot.joint_names, moved))
    distances = case.coal.distances(frames)[0].reshape(DIFFERENTIATED, 2, case.robot.num_joints, -1).swapaxes(2, 3)
    differences = (distances[:, 0] - distances[:, 1]) / (2.0 * STEP)
    defined = (case.ours.distances + _radii(case.robot))[:DIFFERENTIATED] > 1e-3
    assert (~defined).sum() < 3
    assert np.abs(case.gradients[:DIFFERENTIATED] - differences)[defined].max() < 1e-6


def _radii(robot: RobotModel) -> np.ndarray:
    return robot.capsule_radii[robot.pairs].sum(axis=1)


def test_torch_finds_the_same_distances(case: Case) -> None:
    first, second = case.robot.pairs.T
    capsules = Kinematics(case.robot, NumpyBackend()).posture(case.joint_pos[:100]).capsules
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 2e-6)):
        both = torch.tensor(capsules[..., np.concatenate((first, second))], dtype=dtype)
        ours = between_capsules(torch, both, torch.tensor(_radii(case.robot), dtype=dtype))
        assert np.abs(ours.distances.numpy() - case.ours.distances[:100]).max() < tolerance


UP = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)  # the axis from the origin to (0, 0, 1)
BY_HAND = [
    # (first, second, distance of the axes, nearest point of the first or None where many are, normal)
    (UP, (0.5, 0.0, 0.25, 0.5, 0.0, 0.75), 0.5, None, (-1.0, 0.0, 0.0)),  # parallel
    (UP, (0.5, 0.0, 0.75, 0.5, 0.0, 0.25), 0.5, None, (-1.0, 0.0, 0.0)),  # the other way round
    (UP, (0.0, 0.0, 1.5, 0.0, 0.0, 2.0), 0.5, (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)),  # one after the other
    (UP, (-1.0, 0.3, 0.4, 1.0, 0.3, 0.4), 0.3, (0.0, 0.0, 0.4), (0.0, -1.0, 0.0)),  # crossed
    (UP, (0.3, -1.0, 1.4, 0.3, 1.0, 1.4), 0.5, (0.0, 0.0, 1.0), (-0.6, 0.0, -0.8)),  # past the end of the first
    (UP, (0.3, 0.0, -0.4, 0.3, 0.0, -2.0), 0.5, (0.0, 0.0, 0.0), (-0.6, 0.0, 0.8)),  # end to end
    (UP, (0.2, 0.0, 0.7, 1.0, 0.0, 0.7), 0.2, (0.0, 0.0, 0.7), (-1.0, 0.0, 0.0)),  # an end before the middle
    (UP, (0.0, 0.1, 0.6, 0.0, 0.1, 0.6), 0.1, (0.0, 0.0, 0.6), (0.0, -1.0, 0.0)),  # capsule and sphere
    ((0.0, 0.1, 0.6, 0.0, 0.1, 0.6), UP, 0.1, (0.0, 0.1, 0.6), (0.0, 1.0, 0.0)),
    ((1.0, 1.0, 1.0) * 2, (4.0, 5.0, 1.0) * 2, 5.0, (1.0, 1.0, 1.0), (-0.6, -0.8, 0.0)),  # spheres
    (UP, (-1.0, 0.0, 0.4, 1.0, 0.0, 0.4), 0.0, (0.0, 0.0, 0.4), (0.0, 0.0, 0.0)),  # axes that cut: no normal
    ((0.0,) * 6, (0.0,) * 6, 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
]


@pytest.mark.parametrize(("first", "second", "distance", "point", "normal"), BY_HAND)
def test_capsules_by_hand(first: tuple, second: tuple, distance: float, point: tuple | None, normal: tuple) -> None:
    nearest = between_capsules(np, np.array([first, second]).T[None], np.array([0.25]))
    assert nearest.distances.item() == pytest.approx(distance - 0.25, abs=2e-6)
    assert nearest.normals[0, :, 0] == pytest.approx(normal, abs=1e-6)
    if point is None:
        assert nearest.points[0, :2, 0] == pytest.approx([0.0, 0.0])
        assert 0.25 - 1e-9 < nearest.points[0, 2, 0] < 0.75 + 1e-9
    else:
        assert nearest.points[0, :, 0] == pytest.approx(point, abs=1e-6)


# a box about (1, 0, 0) with half edges 0.5, 0.4 and 0.3
IN_BOXES = [
    # (capsule, distance of its axis from the box, the nearest point, gradient)
    ((0.2, -0.2, 0.0, -0.5, 0.0, 0.0), 0.3, (0.2, -0.2, 0.0), (-1.0, 0.0, 0.0)),  # an end before a face
    ((1.0, 0.9, 0.0, 1.3, 0.6, 0.0), 0.2, (1.3, 0.6, 0.0), (0.0, 1.0, 0.0)),
    ((1.8, 0.8, 0.1, 1.8, 0.8, 0.1), 0.5, (1.8, 0.8, 0.1), (0.6, 0.8, 0.0)),  # beside an edge
    ((0.3, -0.6, -0.4) * 2, 0.3, (0.3, -0.6, -0.4), (-2 / 3, -2 / 3, -1 / 3)),  # beyond a corner
    ((1.0, 0.0, 0.2) * 2, -0.1, (1.0, 0.0, 0.2), (0.0, 0.0, 1.0)),  # inside, nearest to the top
    ((0.6, 0.1, 0.0) * 2, -0.1, (0.6, 0.1, 0.0), (-1.0, 0.0, 0.0)),
    # through the top: the deepest sample counts
    ((1.0, 0.0, 0.2, 1.0, 0.0, 1.2), -0.1, (1.0, 0.0, 0.2), (0.0, 0.0, 1.0)),
]


@pytest.mark.parametrize(("capsule", "distance", "point", "normal"), IN_BOXES)
def test_boxes_by_hand(capsule: tuple, distance: float, point: tuple, normal: tuple) -> None:
    box = np.array([[1.0], [0.0], [0.0]]), np.array([[0.5], [0.4], [0.3]])
    nearest = to_boxes(np, np.array(capsule).reshape(1, 6, 1), np.array([0.05]), *box)
    assert nearest.distances.item() == pytest.approx(distance - 0.05, abs=1e-6)
    assert nearest.points[0, :, 0] == pytest.approx(point)
    assert nearest.normals[0, :, 0] == pytest.approx(normal, abs=1e-6)


def test_a_capsule_beside_a_face_is_as_near_all_along() -> None:
    capsule = np.array([0.2, -0.2, 0.0, 0.2, 0.2, 0.0]).reshape(1, 6, 1)
    nearest = to_boxes(np, capsule, np.array([0.05]), np.array([[1.0], [0.0], [0.0]]), np.array([[0.5], [0.4], [0.3]]))
    assert nearest.distances.item() == pytest.approx(0.25, abs=1e-6)
    assert nearest.normals[0, :, 0] == pytest.approx([-1.0, 0.0, 0.0])
    assert nearest.points[0, 0, 0] == pytest.approx(0.2)  # one point, not the sum of many


def test_boxes_are_coals_but_for_what_samples_miss() -> None:
    rng = np.random.default_rng(0)
    count, radius, half = 500, 0.05, np.array([0.3, 0.2, 0.4])
    ends = rng.uniform(-0.8, 0.8, (count, 3, 1)) + np.array([-0.5, 0.5]) * rng.uniform(-0.5, 0.5, (count, 3, 1))
    capsules = ends.transpose(2, 1, 0).reshape(1, 6, count)
    ones = np.ones(count)
    ours = to_boxes(np, capsules, radius * ones, 0.0 * half[:, None] * ones, half[:, None] * ones).distances[0]
    request, result, box = coal.DistanceRequest(), coal.DistanceResult(), coal.Box(*(2.0 * half))
    request.enable_signed_distance = True
    compared = 0
    for (start, end), distance in zip(ends.transpose(0, 2, 1), ours, strict=True):
        axis = end - start
        length = float(np.linalg.norm(axis))
        turn = coal.Quaternion.FromTwoVectors(np.array([0.0, 0.0, 1.0]), axis).matrix()
        result.clear()
        pose = coal.Transform3s(turn, (start + end) / 2)
        expected = coal.distance(coal.Capsule(radius, length), pose, box, coal.Transform3s(), request, result)
        if expected > 0.0:  # deep inside, least distance and least way out are not the same
            missed = (length / (2 * (SAMPLES - 1))) ** 2 / (2 * radius)
            assert -1e-5 < distance - expected < missed + 1e-5
            compared += 1
    assert compared > 200


def test_gradients_of_boxes_are_differences() -> None:
    """Left out: capsules whose nearest sample or nearest face changes in between."""
    robot, backend = make_g1(pairs={}), NumpyBackend()
    settings = FilterSettings(keep_out=(Box((0.35, 0.1, 0.1), (0.4, 0.6, 0.1)), Box((0.0, -0.5, 0.3), (0.2, 0.1, 0.2))))
    constraints = CollisionConstraints(robot, JointDynamics(robot, backend), settings, backend)
    kinematics = Kinematics(robot, backend)
    moving = np.flatnonzero(robot.capsule_frames >= 0)
    index = np.repeat(moving, 2)
    centres = np.tile([box.centre for box in settings.keep_out], (len(moving), 1)).T
    halves = np.tile([box.size for box in settings.keep_out], (len(moving), 1)).T / 2

    def every(joint_pos: np.ndarray) -> np.ndarray:
        capsules = kinematics.posture(joint_pos).capsules[..., index]
        return to_boxes(np, capsules, robot.capsule_radii[index], centres, halves).distances

    compared = left_out = 0
    for joint_pos in random_postures(robot, 100, seed=2):
        distances, gradients = constraints.distances(kinematics.posture(joint_pos[None]))
        steps = STEP * np.eye(robot.num_joints)
        ahead, behind, middle = every(joint_pos + steps), every(joint_pos - steps), every(joint_pos[None])[0]
        nearest = np.argsort(middle)[: distances.shape[1]]
        assert np.sort(distances[0]) == pytest.approx(middle[nearest], abs=1e-12)
        for row, pair in zip(np.argsort(distances[0]), nearest, strict=True):
            if np.abs(ahead[:, pair] + behind[:, pair] - 2.0 * middle[pair]).max() > 1e-3 * STEP:
                left_out += 1
                continue
            differences = (ahead[:, pair] - behind[:, pair]) / (2.0 * STEP)
            assert np.abs(gradients[0, row] - differences).max() < 1e-4
            compared += 1
    assert compared > 3000
    assert left_out < 0.02 * compared
