"""The G1 in Pinocchio and its capsules in Coal, made straight from the json, sharing no code with the package."""
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

from __future__ import annotations

from typing import Any

import coal
import numpy as np
import pinocchio as pin
from mujoco_model import FIGURES

LINKS: list[dict[str, Any]] = FIGURES["links"]


def shapes(link: dict[str, Any]) -> list[dict[str, Any]]:
    """The capsules that the filter keeps: of a sole its edges, as long as the longest capsule, and its middle."""
    every = link["collision"]
    if len(every) != 7:
        return every
    longest = every[1]
    edges = [{**longest, "pos": [longest["pos"][0], side["pos"][1], longest["pos"][2]]} for side in every[::6]]
    return [*edges, every[3]]


def _placement(pos: list[float], quat: list[float]) -> pin.SE3:
    w, x, y, z = np.array(quat) / np.linalg.norm(quat)
    return pin.SE3(pin.Quaternion(w, x, y, z), np.array(pos))


class PinocchioRobot:
    """All 29 joints on a pelvis that stands at the origin; joints are numbered as in the json, from 1 on."""

    def __init__(self) -> None:
        self.model = pin.Model()
        self.numbers = {"pelvis": 0}
        """The joint that moves each link; 0 is the pelvis."""
        self.capsules: dict[str, tuple[int, pin.SE3, float, float]] = {}
        """Joint, placement in its frame, radius and half length [m] of each capsule "link/number"."""
        for link in LINKS:
            if link["parent"] is not None:
                joint = link["joint"]
                kind = (pin.JointModelRX, pin.JointModelRY, pin.JointModelRZ)[joint["axis"].index(1.0)]
                placement = _placement(link["pos"], link["quat_wxyz"])
                number = self.model.addJoint(self.numbers[link["parent"]], kind(), placement, joint["name"])
                self.numbers[link["name"]] = number
            number = self.numbers[link["name"]]
            for index, shape in enumerate(shapes(link)):
                placement = _placement(shape["pos"], shape["quat_wxyz"])
                capsule = (number, placement, shape["radius"], shape.get("half_length", 0.0))
                self.capsules[f"{link['name']}/{index}"] = capsule
        self.joint_names = list(self.model.names)[1:]
        self._data = self.model.createData()

    def angles(self, joint_names: tuple[str, ...], joint_pos: np.ndarray) -> np.ndarray:
        """Of all 29 joints, (count, 29), in Pinocchio's order; those that are not named stand at zero."""
        every = np.zeros((len(joint_pos), 29))
        every[:, [self.joint_names.index(name) for name in joint_names]] = joint_pos
        return every

    def placements(self, angles: np.ndarray) -> np.ndarray:
        """Homogeneous transforms of the pelvis and all joints, shape (count, 30, 4, 4)."""
        transforms = np.empty((len(angles), 30, 4, 4))
        for row, q in zip(transforms, angles, strict=True):
            pin.forwardKinematics(self.model, self._data, q)
            for number, placement in enumerate(self._data.oMi):
                row[number] = placement.homogeneous
        return transforms

    def jacobians(self, angles: np.ndarray) -> np.ndarray:
        """Of the origins of pelvis and joints, in the pelvis frame, shape (count, 30, 6, 29): linear, then angular."""
        matrices = np.zeros((len(angles), 30, 6, 29))
        for row, q in zip(matrices, angles, strict=True):
            pin.computeJointJacobians(self.model, self._data, q)
            for number in range(1, 30):
                row[number] = pin.getJointJacobian(
                    self.model, self._data, number, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
                )
        return matrices


class CoalDistances:
    """Signed distances and nearest points of pairs of capsules, by Coal."""

    def __init__(self, robot: PinocchioRobot, pairs: list[tuple[str, str]]) -> None:
        self._robot, self._pairs = robot, pairs
        self._shapes = {
            name: coal.Capsule(radius, 2.0 * half) if half > 0.0 else coal.Sphere(radius)
            for name, (_, _, radius, half) in robot.capsules.items()
        }
        self._request, self._result = coal.DistanceRequest(), coal.DistanceResult()
        self._request.enable_signed_distance = True

    def distances(self, transforms: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distances [m], shape (count, pairs), and nearest points on the surfaces of both, (count, pairs, 3).

        Args:
            transforms: As of :meth:`PinocchioRobot.placements`.
        """
        distances = np.empty((len(transforms), len(self._pairs)))
        points = np.empty((2, *distances.shape, 3))
        for row, frames in enumerate(transforms):
            poses = {name: self._pose(frames, name) for name in self._shapes}
            for column, (first, second) in enumerate(self._pairs):
                self._result.clear()
                distances[row, column] = coal.distance(
                    self._shapes[first], poses[first], self._shapes[second], poses[second], self._request, self._result
                )
                points[0, row, column] = self._result.getNearestPoint1()
                points[1, row, column] = self._result.getNearestPoint2()
        return distances, points[0], points[1]

    def _pose(self, frames: np.ndarray, name: str) -> coal.Transform3s:
        number, placement, _, _ = self._robot.capsules[name]
        matrix = frames[number] @ placement.homogeneous
        return coal.Transform3s(matrix[:3, :3], matrix[:3, 3])
