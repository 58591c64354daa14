"""Postures against Pinocchio's, and which joint moves what."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pinocchio_model import LINKS, PinocchioRobot
from safety_robots import JOINT_SETS, UPPER, make_g1, random_postures

from humanoid_vla.safety.backend import NumpyBackend
from humanoid_vla.safety.kinematics import Kinematics, cross, moved_by
from humanoid_vla.safety.torch_backend import TorchBackend

POSTURES = 1000
TOLERANCE = 1e-9  # [m]


@pytest.fixture(scope="module")
def reference() -> PinocchioRobot:
    return PinocchioRobot()


def carrying_joint(link: str, joint_names: tuple[str, ...]) -> str | None:
    """The nearest of some joints between a link and the pelvis."""
    by_name = {entry["name"]: entry for entry in LINKS}
    while by_name[link]["parent"] is not None:
        if (joint := by_name[link]["joint"]["name"]) in joint_names:
            return joint
        link = by_name[link]["parent"]
    return None


@pytest.mark.parametrize("joint_names", JOINT_SETS.values(), ids=JOINT_SETS.keys())
def test_postures_are_pinocchios(reference: PinocchioRobot, joint_names: tuple[str, ...]) -> None:
    robot = make_g1(joint_names)
    joint_pos = random_postures(robot, POSTURES)
    posture = Kinematics(robot, NumpyBackend()).posture(joint_pos)
    frames = reference.placements(reference.angles(joint_names, joint_pos))  # (postures, 30, 4, 4)

    for column, name in enumerate(robot.capsule_names):
        number, placement, _, half_length = reference.capsules[name]
        local = [placement.act(np.array([0.0, 0.0, end])) for end in (-half_length, half_length)]
        ends = [frames[:, number, :3, :3] @ end + frames[:, number, :3, 3] for end in local]
        assert np.abs(posture.capsules[..., column] - np.concatenate(ends, axis=-1)).max() < TOLERANCE, name

    by_joint = {link["joint"]["name"]: link for link in LINKS if link["parent"] is not None}
    for column, name in enumerate(joint_names):
        frame = frames[:, reference.numbers[by_joint[name]["name"]]]
        axes = frame[:, :3, by_joint[name]["joint"]["axis"].index(1.0)]
        assert np.abs(posture.axes[..., column] - axes).max() < TOLERANCE, name
        moments = np.cross(axes, frame[:, :3, 3])
        assert np.abs(posture.moments[..., column] - moments).max() < TOLERANCE, name
        carried = [link for link in LINKS if carrying_joint(link["name"], joint_names) == name]
        centres = [frames[:, reference.numbers[link["name"]], :3] @ [*link["com"], 1.0] for link in carried]
        masses = [link["mass"] for link in carried]
        centre = np.average(centres, axis=0, weights=masses)
        assert np.abs(posture.centres[..., column] - centre).max() < TOLERANCE, name
        assert robot.masses[column] == pytest.approx(sum(masses))


def test_torch_finds_the_same_postures() -> None:
    robot = make_g1()
    joint_pos = random_postures(robot, 20)
    expected = Kinematics(robot, NumpyBackend()).posture(joint_pos)
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 2e-6)):
        posture = Kinematics(robot, TorchBackend(dtype=dtype)).posture(torch.tensor(joint_pos, dtype=dtype))
        for ours, theirs in zip(posture, expected, strict=True):
            assert ours.dtype == dtype
            assert np.abs(ours.numpy() - theirs).max() < tolerance


@pytest.mark.parametrize("joint_names", JOINT_SETS.values(), ids=JOINT_SETS.keys())
def test_a_joint_moves_what_changes_with_it(joint_names: tuple[str, ...]) -> None:
    robot = make_g1(joint_names)
    kinematics = Kinematics(robot, NumpyBackend())
    joint_pos = np.repeat(0.3 * random_postures(robot, 1), robot.num_joints, axis=0)
    before = kinematics.posture(joint_pos).capsules
    after = kinematics.posture(joint_pos + 0.1 * np.eye(robot.num_joints)).capsules
    changed = (np.abs(after - before) > 1e-9).any(axis=1).T  # (capsule, joint)
    unlike = np.argwhere(changed != moved_by(robot, robot.capsule_frames))
    # an upper arm lies along the axis of its joint
    assert {(robot.capsule_names[capsule], joint_names[joint]) for capsule, joint in unlike} == {
        (name.replace("joint", "link/0"), name) for name in joint_names if "shoulder_yaw" in name
    }


def test_legs_and_pelvis_stand_still_to_the_upper_body() -> None:
    robot = make_g1(UPPER)
    still = {name for name, frame in zip(robot.capsule_names, robot.capsule_frames, strict=True) if frame < 0}
    parts = ("pelvis", "hip", "knee", "ankle")
    assert still == {name for name in robot.capsule_names if any(part in name for part in parts)}


def test_cross_products_by_hand() -> None:
    a, b = np.array([[1.0], [2.0], [3.0]]), np.array([[4.0], [5.0], [6.0]])
    assert cross(np, a, b).tolist() == [[-3.0], [6.0], [-3.0]]
