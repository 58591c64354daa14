"""Forward kinematics of a tree of hinges, and how distances between its capsules change with its joints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from humanoid_vla.safety.backend import Array, Backend
from humanoid_vla.safety.robot import RobotModel


class Posture(NamedTuple):
    """Where everything is, in the pelvis frame; n joints, c capsules."""

    axes: Array
    """Axes of the joints, shape (batch, 3, n)."""
    moments: Array
    """Cross product of each axis and a point on it [m], shape (batch, 3, n)."""
    starts: Array
    """First ends of the capsules' axes [m], shape (batch, 3, c)."""
    ends: Array
    """Second ends [m], shape (batch, 3, c)."""
    centres: Array
    """Centres of mass of what each joint moves and no later joint does [m], shape (batch, 3, n)."""


class Kinematics:
    """Forward kinematics, level by level of the tree, all joints of a level at once.

    Args:
        robot: The robot.
        backend: The array library.
    """

    def __init__(self, robot: RobotModel, backend: Backend) -> None:
        self._xp = backend.xp
        parents, depths = robot.parents, _depths(robot.parents)
        order = np.argsort(depths, kind="stable")  # level by level
        place = np.empty_like(order)  # of each joint in that order
        place[order] = np.arange(len(order))
        self._order, self._place = backend.constant(order), backend.constant(place)
        levels = [np.flatnonzero(depths[order] == depth) for depth in range(depths.max() + 1)]
        self._levels: list[tuple[slice, Array]] = []  # joints of a level, and their parents among those of the last one
        for number, level in enumerate(levels):
            above = levels[number - 1][0] if number else 0
            parent_places = [place[parents[joint]] - above if number else 0 for joint in order[level]]
            self._levels.append((slice(int(level[0]), int(level[-1]) + 1), backend.constant(np.array(parent_places))))
        # rotation by q about the axis with cross-product matrix K: I + sin(q) K + (1 - cos(q)) K^2     (Rodrigues)
        cross = np.zeros((robot.num_joints, 4, 4))
        x, y, z = robot.axes[order].T
        cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
        cross[:, :3, :3] -= cross[:, :3, :3].transpose(0, 2, 1)
        offsets = robot.offsets[order]
        self._offsets = backend.constant(offsets)
        self._offsets_cross = backend.constant(offsets @ cross)
        self._offsets_cross2 = backend.constant(offsets @ cross @ cross)
        self._axes = backend.constant(robot.axes[order][..., None])  # (n, 3, 1)
        frames = np.where(robot.capsule_frames < 0, 0, place[robot.capsule_frames] + 1)  # behind the pelvis' own
        self._capsule_frames = backend.constant(frames)
        ends = np.concatenate([robot.capsule_ends.transpose(0, 2, 1), np.ones((len(frames), 1, 2))], axis=1)
        self._capsule_ends = backend.constant(ends)  # (c, 4, 2)
        self._centres = backend.constant(
            np.concatenate([robot.centres, np.ones((len(order), 1))], axis=1)[order][..., None]
        )
        self._pelvis = backend.constant(np.eye(4)[None, None])

    def posture(self, joint_pos: Array) -> Posture:
        """Where joints and capsules are.

        Args:
            joint_pos: Joint positions [rad], shape (batch, n).
        """
        xp = self._xp
        angles = joint_pos[:, self._order][..., None, None]
        local = self._offsets + xp.sin(angles) * self._offsets_cross + (1.0 - xp.cos(angles)) * self._offsets_cross2
        pelvis = xp.broadcast_to(self._pelvis, (len(joint_pos), 1, 4, 4))
        frames = [pelvis]
        for joints, parents in self._levels:
            frames.append(frames[-1][:, parents] @ local[:, joints])
        frame = xp.concatenate(frames, axis=1)  # (batch, 1 + n, 4, 4), level by level behind the pelvis
        axes = (frame[:, 1:, :3, :3] @ self._axes)[..., 0]  # (batch, n, 3)
        centres = (frame[:, 1:] @ self._centres)[..., :3, 0]
        # all three back in the order of the robot's joints, as columns
        axes, origins, centres = (
            vectors[:, self._place].swapaxes(1, 2) for vectors in (axes, frame[:, 1:, :3, 3], centres)
        )
        ends = frame[:, self._capsule_frames] @ self._capsule_ends  # (batch, c, 4, 2)
        starts, ends = (ends[:, :, :3, end].swapaxes(1, 2) for end in (0, 1))
        return Posture(axes, cross(xp, axes, origins), starts, ends, centres)


def moved_by(robot: RobotModel, frames: np.ndarray) -> np.ndarray:
    """1 where a joint moves what is fixed to a joint's frame (-1: the pelvis), else 0, shape (len(frames), n)."""
    moves = np.zeros((len(frames), robot.num_joints))
    for row, frame in zip(moves, frames, strict=True):
        while frame >= 0:
            row[frame] = 1.0
            frame = robot.parents[frame]
    return moves


def distance_gradient(backend: Backend, posture: Posture, points: Array, normals: Array, moves: Array) -> Array:
    """How distances change with the joints [m/rad], shape (batch, k, n).

    Args:
        backend: The array library.
        posture: Of the robot.
        points: A point on the line through both nearest points [m], shape (batch, 3, k).
        normals: Unit vector from the second body's nearest point to the first's, shape (batch, 3, k).
        moves: What a joint moves: 1 the first body, -1 the second, 0 both or neither, shape (batch, k, n).
    """
    xp = backend.xp
    # d(distance) / dq_j = n . (w_j x (p - o_j)) = (p x n) . w_j - n . (w_j x o_j); p x n is that of both nearest points,
    # because n is parallel to the line between them
    turning = cross(xp, points, normals).swapaxes(1, 2) @ posture.axes
    return moves * (turning - normals.swapaxes(1, 2) @ posture.moments)


def cross(xp: object, a: Array, b: Array) -> Array:
    """Cross products of vectors along the last axis but one, (..., 3, n)."""
    ax, ay, az = a[..., 0, :], a[..., 1, :], a[..., 2, :]
    bx, by, bz = b[..., 0, :], b[..., 1, :], b[..., 2, :]
    return xp.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), axis=-2)  # type: ignore[attr-defined]


def _depths(parents: np.ndarray) -> np.ndarray:
    depths = np.zeros(len(parents), int)
    for joint, parent in enumerate(parents):
        while parent >= 0:
            depths[joint] += 1
            parent = parents[parent]
    return depths
