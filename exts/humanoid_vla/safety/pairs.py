"""Which capsules of a robot can meet at all: ``python -m humanoid_vla.safety.pairs`` writes the list for the G1.

A pair is left out for one of three reasons, which the file gives beside each name:

- "same link", "neighbours": no joint or one joint between them (a joint's two links overlap where it sits);
- "overlap at rest": their links are separated by a link without colliders and touch in every posture; the robot's USD
  files leave the same pairs out;
- "never meet": random postures, and from the closest of them a descent of the distance within the joints' limits,
  never brought them closer than 5 mm. That is a search, not a proof.
"""

from __future__ import annotations

import json
import os
from itertools import combinations
from typing import Any

import numpy as np

from humanoid_vla.assets.g1_figures import DATA_DIR, Figures, load_figures
from humanoid_vla.safety.backend import NumpyBackend
from humanoid_vla.safety.distances import Nearest, between_capsules
from humanoid_vla.safety.kinematics import Kinematics, distance_gradient, moved_by
from humanoid_vla.safety.robot import RobotModel, link_colliders, make_robot

PAIRS_PATH = DATA_DIR / "g1_self_collision.json"
CLEARANCE = 0.005
"""Capsules that come no closer never meet [m]."""
RANDOM_POSTURES = 20_000
DESCENTS, DESCENT_STEPS = 16, 80
OVERLAP_AT_REST = (
    ("pelvis", "left_hip_roll_link"),
    ("pelvis", "right_hip_roll_link"),
    ("left_elbow_link", "left_wrist_pitch_link"),
    ("right_elbow_link", "right_wrist_pitch_link"),
)
"""Links that a link without colliders separates; ``FILTERED_PAIRS`` of the USD writer."""


def load_pairs() -> dict[tuple[str, str], float]:
    """Pairs of capsules of the G1 that can meet, and how near a search brought them [m]."""
    rows = json.loads(PAIRS_PATH.read_text(encoding="utf-8"))["pairs"]
    return {(first, second): distance for first, second, distance in rows}


def sort_pairs(figures: Figures, seed: int = 0) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], str]]:
    """The pairs that can meet with the smallest distance found [m], and all others with the reason."""
    joints = [joint.name for joint in figures.joints]
    ones = np.ones(len(joints))
    parents = {link.name: link.parent for link in figures.links}
    links = {name: link.name for link in figures.links for name, _ in link_colliders(link)}
    reasons: dict[tuple[str, str], str] = {}
    candidates: dict[tuple[str, str], float] = {}
    for first, second in combinations(links, 2):
        a, b = links[first], links[second]
        if a == b:
            reasons[first, second] = "same link"
        elif parents[b] == a or parents[a] == b:
            reasons[first, second] = "neighbours"
        elif (a, b) in OVERLAP_AT_REST:
            reasons[first, second] = "overlap at rest"
        else:
            candidates[first, second] = np.inf
    robot = make_robot(figures, joints, ones, ones, candidates)
    found = smallest_distances(robot, np.random.default_rng(seed))
    for pair, distance in zip(candidates, found, strict=True):
        if distance > CLEARANCE:
            reasons[pair] = "never meet"
        else:
            candidates[pair] = round(float(distance), 4)
    return {pair: distance for pair, distance in candidates.items() if pair not in reasons}, reasons


def smallest_distances(robot: RobotModel, rng: np.random.Generator) -> np.ndarray:
    """How near each pair of a robot comes in a search over its postures [m], shape (p,)."""
    search = _Search(robot)
    best = np.full((DESCENTS, len(robot.pairs)), np.inf)  # of each pair the nearest postures so far
    postures = np.zeros((DESCENTS, len(robot.pairs), robot.num_joints))
    for _ in range(RANDOM_POSTURES // 500):
        joint_pos = rng.uniform(robot.lower, robot.upper, (500, robot.num_joints))
        distances = search.nearest(joint_pos).distances
        every = np.concatenate([best, distances])
        keep = np.argpartition(every, DESCENTS, axis=0)[:DESCENTS]
        tiled = np.concatenate([postures, np.repeat(joint_pos[:, None], len(robot.pairs), axis=1)])
        postures = np.take_along_axis(tiled, keep[..., None], axis=0)
        best = np.take_along_axis(every, keep, axis=0)
    for pair in range(len(robot.pairs)):
        if best[:, pair].min() > 0.0:
            best[0, pair] = min(best[:, pair].min(), search.descend(postures[:, pair], pair).min())
    return best.min(axis=0)


class _Search:
    """Distances of a robot's pairs, and descents of one of them."""

    def __init__(self, robot: RobotModel) -> None:
        self._robot = robot
        self._kinematics = Kinematics(robot, NumpyBackend())
        moves = moved_by(robot, robot.capsule_frames)
        first, second = robot.pairs.T
        self._both = np.concatenate((first, second))
        self._moves = moves[first] - moves[second]
        self._radii = robot.capsule_radii[first] + robot.capsule_radii[second]

    def nearest(self, joint_pos: np.ndarray) -> Nearest:
        capsules = self._kinematics.posture(joint_pos).capsules
        return between_capsules(np, capsules[..., self._both], self._radii)

    def descend(self, joint_pos: np.ndarray, pair: int) -> np.ndarray:
        """Smallest distance on the way down, from several postures at once, shape (batch,)."""
        least = np.full(len(joint_pos), np.inf)
        for step in range(DESCENT_STEPS):
            nearest = self.nearest(joint_pos)
            least = np.minimum(least, nearest.distances[:, pair])
            posture = self._kinematics.posture(joint_pos)
            points, normals = nearest.points[..., pair, None], nearest.normals[..., pair, None]
            moves = np.broadcast_to(self._moves[pair], (len(joint_pos), 1, self._robot.num_joints))
            slope = distance_gradient(np, posture, points, normals, moves)[:, 0]
            rate = 0.2 * (1.0 - step / DESCENT_STEPS)
            joint_pos = joint_pos - rate * slope / (np.linalg.norm(slope, axis=-1, keepdims=True) + 1e-9)
            joint_pos = joint_pos.clip(self._robot.lower, self._robot.upper)
        return least


def write() -> None:
    """Write the G1's list, under a temporary name first."""
    meeting, reasons = sort_pairs(load_figures())
    rows = {"pairs": [[*pair, distance] for pair, distance in meeting.items()]}
    left_out = {"left_out": [[*pair, reason] for pair, reason in reasons.items()]}
    content: dict[str, Any] = {
        "about": "made by python -m humanoid_vla.safety.pairs; distances in m",
        **rows,
        **left_out,
    }
    lines = json.dumps(content, indent=1).replace(",\n   ", ", ").replace("[\n   ", "[").replace("\n  ]", "]")
    temporary = PAIRS_PATH.with_suffix(".part")
    temporary.write_text(lines + "\n", encoding="utf-8")
    os.replace(temporary, PAIRS_PATH)


if __name__ == "__main__":
    write()
