"""The robots that the action filter is tested with: the G1's joints, some of them or in another order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.safety.pairs import load_pairs
from humanoid_vla.safety.robot import RobotModel, make_robot

ALL = tuple(joint.name for joint in load_figures().joints)
UPPER = tuple(name for name in ALL if not any(part in name for part in ("hip", "knee", "ankle")))
SHUFFLED = tuple(random.Random(0).sample(ALL, len(ALL)))
FEW = (
    "right_elbow_joint",
    "waist_roll_joint",
    "left_shoulder_yaw_joint",
    "right_shoulder_pitch_joint",
    "left_hip_roll_joint",
)
"""Each of them carries links whose own joints stand at zero."""
JOINT_SETS = {"all": ALL, "upper body": UPPER, "shuffled": SHUFFLED, "few": FEW}


def gains(name: str) -> tuple[float, float]:
    """Stiffness [N m/rad] and damping [N m s/rad] of a joint, as the real robot's arms and legs are driven."""
    if "wrist" in name:
        return 40.0, 1.5
    return (300.0, 10.0) if any(part in name for part in ("waist", "hip", "knee")) else (80.0, 3.0)


def make_g1(joint_names: Sequence[str] = ALL, pairs: Mapping[tuple[str, str], float] | None = None) -> RobotModel:
    """The G1 with some of its joints; pairs of capsules that can meet, as committed."""
    stiffness, damping = zip(*map(gains, joint_names), strict=True)
    return make_robot(load_figures(), joint_names, stiffness, damping, load_pairs() if pairs is None else pairs)


def random_postures(robot: RobotModel, count: int, seed: int = 0) -> np.ndarray:
    """Joint positions all over their ranges [rad], shape (count, n)."""
    return np.random.default_rng(seed).uniform(robot.lower, robot.upper, (count, robot.num_joints))


def posture_of(robot: RobotModel, **angles: float) -> np.ndarray:
    """Joint positions [rad], shape (1, n): joints named without their "_joint", all others at zero."""
    joint_pos = np.zeros((1, robot.num_joints))
    for name, angle in angles.items():
        joint_pos[0, robot.joint_names.index(f"{name}_joint")] = angle
    return joint_pos


def follow(joint_pos: np.ndarray, commands: Iterator[np.ndarray], dt: float, lag: float = 0.1) -> Iterator[np.ndarray]:
    """Positions of joints that follow their targets with a lag [s]."""
    for command in commands:
        joint_pos = joint_pos + (command - joint_pos) * dt / lag
        yield joint_pos
