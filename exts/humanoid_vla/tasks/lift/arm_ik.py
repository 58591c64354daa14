"""Postures of the left arm that bring its gripper to a pose: Newton's inverse kinematics, on a model of its own.

Newton's, because it solves whole postures within the joints' limits, for many environments at once and apart from the
simulation's state. Isaac Lab's differential IK makes one small step from the present posture and knows no limits; pink
solves one robot at a time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import newton
import torch
import warp as wp
from isaaclab.utils.math import quat_from_euler_xyz
from newton import ik

from humanoid_vla.assets.g1 import LEFT_ARM_JOINTS, usd_path
from humanoid_vla.assets.gripper import GRIP_CENTRE, HANDS

BATCH = 32
"""Postures solved at once; what is missing is filled up."""
ITERATIONS = 40


@functools.cache
def _model(device: str, height: float) -> newton.Model:
    builder = newton.ModelBuilder()
    builder.add_usd(usd_path("g1_gripper.usda"), xform=wp.transform((0.0, 0.0, height), (0.0, 0.0, 0.0, 1.0)))
    return builder.finalize(device=device)


class ArmIK:
    """Inverse kinematics of the left arm, for a gripper that points ahead and down and closes level.

    Every search begins at the same posture, so that equal poses get equal postures and near poses near ones.

    Args:
        seed: Joint positions by name, where the search begins and where the other joints stay [rad].
        limits: Lower and upper limit of each of the left arm's joints, (7, 2) [rad].
        height: Of the robot's root above the ground [m].
        device: Where to compute.
    """

    def __init__(self, seed: dict[str, float], limits: torch.Tensor, height: float, device: str) -> None:
        model = _model(device, height)
        # the first joint fixes the pelvis and has no coordinate
        names = [label.rpartition("/")[2] for label in model.joint_label][1:]
        self._arm = [names.index(name) for name in LEFT_ARM_JOINTS]
        hand = [label.rpartition("/")[2] for label in model.body_label].index(HANDS[0])
        joint_limits: Any = (model.joint_limit_lower, model.joint_limit_upper)
        lower, upper = (wp.to_torch(values).clone() for values in joint_limits)
        lower[self._arm], upper[self._arm] = limits.to(lower).unbind(-1)
        self._pos = torch.zeros(BATCH, 3, device=device)
        self._quat = torch.zeros(BATCH, 4, device=device)
        unturned: Any = wp.quat(0.0, 0.0, 0.0, 1.0)
        objectives: Sequence[Any] = [
            ik.IKObjectivePosition(hand, wp.vec3(*GRIP_CENTRE), wp.from_torch(self._pos, dtype=wp.vec3)),
            # a third: 0.1 rad counts as 33 mm
            ik.IKObjectiveRotation(hand, unturned, wp.from_torch(self._quat, dtype=wp.vec4), weight=0.3),
            ik.IKObjectiveJointLimit(wp.from_torch(lower), wp.from_torch(upper), weight=1.0),
        ]
        free = wp.array([number in self._arm for number in range(len(names))], dtype=wp.bool, device=device)
        self._solver = ik.IKSolver(model, BATCH, objectives, jacobian_mode="analytic", joint_dof_mask=free)
        self._seed = torch.tensor([seed.get(name, 0.0) for name in names], device=device).repeat(BATCH, 1)
        self._found = torch.zeros_like(self._seed)

    def solve(self, positions: torch.Tensor, pitches: torch.Tensor, yaws: torch.Tensor) -> torch.Tensor:
        """Joint positions of the left arm [rad], shape (n, 7).

        Args:
            positions: Where the grip centre is to be, in the environment's frame [m], (n, 3).
            pitches: How far the gripper is to point down [rad], (n,).
            yaws: How far it is to point to the left [rad], (n,).
        """
        zero = torch.zeros_like(pitches)
        quats = quat_from_euler_xyz(zero, pitches, yaws)
        found = [self._solve(*poses) for poses in zip(positions.split(BATCH), quats.split(BATCH), strict=True)]
        return torch.cat(found) if found else positions.new_zeros(0, len(self._arm))

    def _solve(self, pos: torch.Tensor, quat: torch.Tensor) -> torch.Tensor:
        num = len(pos)
        self._pos[:num], self._pos[num:] = pos, pos[0]
        self._quat[:num], self._quat[num:] = quat, quat[0]
        seed: Any = wp.from_torch(self._seed)
        found: Any = wp.from_torch(self._found)
        self._solver.step(seed, found, iterations=ITERATIONS)
        return self._found[:num, self._arm].clone()
