"""Forward kinematics of a tree of hinges, and how distances between its capsules change with its joints."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from humanoid_vla.safety.backend import Array, Backend
from humanoid_vla.safety.robot import RobotModel


class Posture(NamedTuple):
    """Where everything is, in the pelvis frame; n joints, c capsules."""

    axes: Array
    """Axes of the joints, shape (batch, 3, n)."""
    moments: Array
    """Cross product of each axis and a point on it [m], shape (batch, 3, n)."""
    capsules: Array
    """Both ends of each capsule's axis [m], one below the other, shape (batch, 6, c)."""
    centres: Array
    """Centres of mass of what each joint moves and no later joint does [m], shape (batch, 3, n)."""


class Kinematics:
    """Forward kinematics, level by level of the tree, all joints of a level at once.

    Args:
        robot: The robot.
        backend: The array library.
    """

    def __init__(self, robot: RobotModel, backend: Backend) -> None:
        self._xp, self._backend = backend.xp, backend
        parents, depths = robot.parents, _depths(robot.parents)
        order = np.argsort(depths, kind="stable")  # level by level
        place = np.empty_like(order)  # of each joint in that order
        place[order] = np.arange(len(order))
        self._order, self._place = backend.constant(order), backend.constant(place + 1)  # behind the pelvis' own
        levels = [np.flatnonzero(depths[order] == depth) for depth in range(depths.max() + 1)]
        self._first_level = slice(0, len(levels[0]))
        # joints of a level, and their parents among those of the level above
        self._deeper_levels: list[tuple[slice, Array | None]] = []
        for above, level in itertools.pairwise(levels):
            parent_places = np.array([place[parents[joint]] - above[0] for joint in order[level]])
            one_to_one = len(level) == len(above) and (parent_places == np.arange(len(level))).all()
            joints = slice(int(level[0]), int(level[-1]) + 1)
            self._deeper_levels.append((joints, None if one_to_one else backend.constant(parent_places)))
        # rotation by q about the axis with cross-product matrix K: I + sin(q) K + (1 - cos(q)) K^2     (Rodrigues)
        cross = np.zeros((robot.num_joints, 4, 4))
        x, y, z = robot.axes[order].T
        cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
        cross[:, :3, :3] -= cross[:, :3, :3].transpose(0, 2, 1)
        offsets = robot.offsets[order]
        self._offsets = backend.constant(offsets)
        self._offsets_cross = backend.constant(offsets @ cross)
        self._offsets_cross2 = backend.constant(offsets @ cross @ cross)
        frames = np.where(robot.capsule_frames < 0, 0, place[robot.capsule_frames] + 1)
        self._capsule_frames = backend.constant(frames)
        ends = np.concatenate([robot.capsule_ends.transpose(0, 2, 1), np.ones((len(frames), 1, 2))], axis=1)
        self._capsule_ends = backend.constant(ends)  # (c, 4, 2)
        # axis and centre of mass of each joint, as columns
        axes = np.concatenate([robot.axes, np.zeros((len(order), 1))], axis=1)
        centres = np.concatenate([robot.centres, np.ones((len(order), 1))], axis=1)
        self._columns = backend.constant(np.stack([axes, centres], axis=-1))  # (n, 4, 2)
        self._pelvis = backend.constant(np.eye(4)[None, None])

    def posture(self, joint_pos: Array) -> Posture:
        """Where joints and capsules are.

        Args:
            joint_pos: Joint positions [rad], shape (batch, n).
        """
        xp, backend = self._xp, self._backend
        angles = backend.take(joint_pos, self._order, 1)[..., None, None]
        local = self._offsets + xp.sin(angles) * self._offsets_cross + (1.0 - xp.cos(angles)) * self._offsets_cross2
        frames = [xp.zeros_like(local[:, :1]) + self._pelvis, local[:, self._first_level]]
        for joints, parents in self._deeper_levels:
            above = frames[-1] if parents is None else backend.take(frames[-1], parents, 1)
            frames.append(above @ local[:, joints])
        frame = xp.concatenate(frames, axis=1)  # (batch, 1 + n, 4, 4), level by level behind the pelvis
        joints = backend.take(frame, self._place, 1)
        # laid out anew: torch's batched products take rows that are not contiguous one by one
        columns = backend.contiguous((joints[:, :, :3] @ self._columns).swapaxes(1, 3))  # (batch, 2, 3, n)
        axes, origins = columns[:, 0], joints[:, :, :3, 3].swapaxes(1, 2)
        ends = backend.take(frame, self._capsule_frames, 1)[:, :, :3] @ self._capsule_ends  # (batch, c, 3, 2)
        capsules = ends.swapaxes(1, 3).reshape(len(joint_pos), 6, -1)
        return Posture(axes, cross(xp, axes, origins), capsules, columns[:, 1])


def moved_by(robot: RobotModel, frames: np.ndarray) -> np.ndarray:
    """1 where a joint moves what is fixed to a joint's frame (-1: the pelvis), else 0, shape (len(frames), n)."""
    moves = np.zeros((len(frames), robot.num_joints))
    for row, frame in zip(moves, frames, strict=True):
        while frame >= 0:
            row[frame] = 1.0
            frame = robot.parents[frame]
    return moves


def distance_gradient(xp: Any, posture: Posture, points: Array, normals: Array, moves: Array) -> Array:
    """How distances change with the joints [m/rad], shape (batch, k, n).

    Args:
        xp: The array library.
        posture: Of the robot.
        points: A point on the line through both nearest points [m], shape (batch, 3, k).
        normals: Unit vector from the second body's nearest point to the first's, shape (batch, 3, k).
        moves: What a joint moves: 1 the first body, -1 the second, 0 both or neither, shape (batch, k, n).
    """
    # d(distance) / dq_j = n . (w_j x (p - o_j)) = (p x n) . w_j - n . (w_j x o_j); both nearest points have the same
    # p x n, because n is parallel to the line between them
    lines = xp.concatenate((cross(xp, points, normals), normals), axis=1)  # (batch, 6, k)
    joints = xp.concatenate((posture.axes, -posture.moments), axis=1)  # (batch, 6, n)
    return moves * (lines.swapaxes(1, 2) @ joints)


def cross(xp: Any, a: Array, b: Array) -> Array:
    """Cross products of vectors along the last axis but one, (..., 3, n)."""
    # written twice, so that slices are its cyclic permutations
    a, b = xp.concatenate((a, a), axis=-2), xp.concatenate((b, b), axis=-2)
    return a[..., 1:4, :] * b[..., 2:5, :] - a[..., 2:5, :] * b[..., 1:4, :]


def _depths(parents: np.ndarray) -> np.ndarray:
    depths = np.zeros(len(parents), int)
    for joint, parent in enumerate(parents):
        while parent >= 0:
            depths[joint] += 1
            parent = parents[parent]
    return depths
