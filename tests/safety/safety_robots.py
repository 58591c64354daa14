"""The robots that the action filter is tested with: the joints of the G1 in several choices, and two ways to move."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.safety.backend import Backend, NumpyBackend
from humanoid_vla.safety.filter import ActionFilter
from humanoid_vla.safety.pairs import load_pairs
from humanoid_vla.safety.robot import RobotModel, make_robot
from humanoid_vla.safety.settings import FilterSettings

DT = 0.01
"""Length of a step [s]."""
LAG = 0.1
"""Of joints that follow late [s]."""
SUBSTEPS = 5

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


def make_filter(
    robot: RobotModel, batch: int = 1, backend: Backend | None = None, dt: float = DT, **settings: Any
) -> ActionFilter:
    """A filter of a robot, with NumPy where nothing else is said."""
    return ActionFilter(robot, dt, FilterSettings(**settings), backend or NumpyBackend(), batch)


def follow_late(safety: ActionFilter, targets: np.ndarray, joint_pos: np.ndarray, steps: int) -> np.ndarray:
    """Postures of a robot under the filter whose joints go towards their targets by a tenth of the way a step.

    It has no inertia, unlike the one that the filter expects.

    Args:
        safety: The filter, in NumPy, for one robot.
        targets: What is asked for all the time [rad], shape (1, n).
        joint_pos: Where it begins, at rest [rad], shape (1, n).
        steps: For how long.
    """
    postures, joint_vel = [], np.zeros_like(joint_pos)
    safety.reset(joint_pos)
    for _ in range(steps):
        joint_vel = (safety.step(targets, joint_pos, joint_vel) - joint_pos) / LAG
        joint_pos = joint_pos + joint_vel * safety.dt
        postures.append(joint_pos)
    return np.concatenate(postures)


def obey_dynamics(safety: ActionFilter, targets: np.ndarray, joint_pos: np.ndarray, steps: int) -> np.ndarray:
    """Likewise of a robot with springs, dampers, inertias and gravity, as the filter expects it, in finer steps."""
    postures, joint_vel = [], np.zeros_like(joint_pos)
    safety.reset(joint_pos)
    for _ in range(steps):
        command = safety.step(targets, joint_pos, joint_vel)
        for _ in range(SUBSTEPS):
            gravity = safety.dynamics.gravity(safety.kinematics.posture(joint_pos))
            joint_pos, joint_vel = safety.dynamics.predicted(
                joint_pos, joint_vel, command, gravity, safety.dt / SUBSTEPS
            )
        postures.append(joint_pos)
    return np.concatenate(postures)
