"""The Reach task without Isaac Lab: what stands on the table, what is told, and who judges it.

All figures are those of ``humanoid_vla.tasks.reach.env_cfg`` and ``humanoid_vla.assets.objects``; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.language.reach import REACH_INSTRUCTIONS
from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.mujoco_model import Thing, body_names, build_model
from humanoid_vla.runtime.mujoco_robot import MujocoWorld
from humanoid_vla.runtime.touch import Hands, hand_clearance

TABLE_HEIGHT = 0.74
"""[m]"""
REST_HEIGHTS = {"cube": 0.026, "ball": 0.031, "cylinder": 0.031, "cone": 0.031}
"""Of each object's centre above the table [m]."""
X_RANGE, PITCH, JITTER = (0.24, 0.38), 0.16, 0.01
"""Where objects are put, see ``humanoid_vla.tasks.mdp.events.place_objects_apart`` [m]."""
POSE_RANGE = 0.1
"""Joints begin so far from the default posture at most [rad]."""
TOUCH_DISTANCE, HOLD_TIME, EPISODE_LENGTH = 0.015, 0.3, 5.0
"""A gap below this touches [m]; how long the goal is to be touched, and how long there is for it [s]."""
FAILURES = ("wrong_touch", "joint_pos_limit", "joint_vel_limit", "joint_effort_limit", "self_collision", "hard_impact")
"""What ends an episode without success, as in the task."""
POS_TOLERANCE, VEL_FRACTION, EFFORT_FRACTION = 0.05, 0.5, 2.0
HAND_BODIES, OBJECT_RADIUS = ("left_wrist_yaw_link", "right_wrist_yaw_link"), 0.03
"""What bears the hands, left and right; the radius of the ball that stands for any object [m]."""
TORSO, TORSO_FORCE, ARM_FORCE = "torso_link", 50.0, 140.0
"""[N]"""

OBJECTS = (
    Thing("cube", "box", (0.025, 0.025, 0.025), (0.36, 0.30, 0.766), (0.80, 0.03, 0.03), placeable=True),
    Thing("ball", "sphere", (0.03,), (0.36, 0.10, 0.771), (0.05, 0.50, 0.07), placeable=True),
    Thing("cylinder", "cylinder", (0.025, 0.03), (0.36, -0.10, 0.771), (0.03, 0.12, 0.80), placeable=True),
    Thing("cone", "cone", (0.032, 0.03), (0.36, -0.30, 0.771), (0.90, 0.65, 0.02), placeable=True),
)
"""Red cube, green ball, blue cylinder, yellow cone."""
_LEG, _LEG_HEIGHT = (0.02, 0.02, 0.355), 0.355
THINGS = (
    *OBJECTS,
    Thing("table", "box", (0.25, 0.45, 0.015), (0.45, 0.0, 0.725), (0.42, 0.27, 0.15)),
    *(
        Thing(f"table_leg_{number}", "box", _LEG, (0.45 + x * 0.21, y * 0.41, _LEG_HEIGHT), (0.05, 0.05, 0.055))
        for number, (x, y) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1)))
    ),
    Thing("ground", "plane", (5.0, 5.0, 0.05), (0.0, 0.0, 0.0), (0.30, 0.31, 0.33)),
)


@dataclass(frozen=True)
class Goal:
    """What is to be touched, with which hand, and how it is told."""

    object_index: int
    hand_index: int
    sentence: str

    @property
    def name(self) -> str:
        """As evaluations call it, such as "cube_left"."""
        return REACH_INSTRUCTIONS.goals[2 * self.object_index + self.hand_index]

    def one_hot(self) -> np.ndarray:
        """As policies read it that are told no sentence: object, then hand, (6,)."""
        values = np.zeros(len(OBJECTS) + 2)
        values[[self.object_index, len(OBJECTS) + self.hand_index]] = 1.0
        return values


def told_goal(sentence: str) -> Goal | None:
    """The goal that one of the task's own sentences tells; None where it is none of them."""
    wanted = sentence.strip().lower()
    for number, pair in enumerate(zip(REACH_INSTRUCTIONS.seen, REACH_INSTRUCTIONS.held_out, strict=True)):
        if any(wanted == known.lower() for known in (*pair[0], *pair[1])):
            return Goal(number // 2, number % 2, sentence)
    return None


def draw_goal(rng: np.random.Generator, bundle: Bundle) -> Goal:
    """A goal and one of its sentences, of those that the policy learned from, all equally likely.

    Raises:
        ValueError: The policy learned from other sentences.
    """
    number = int(rng.integers(len(REACH_INSTRUCTIONS.goals)))
    sentences = REACH_INSTRUCTIONS.seen[number]
    if bundle.language is not None:
        known = set(bundle.language.sentences)
        sentences = [sentence for sentence in sentences if sentence in known]
    if not sentences:
        raise ValueError(f"'{bundle.path}' has no sentence for {REACH_INSTRUCTIONS.goals[number]}; export it again")
    return Goal(number // 2, number % 2, str(rng.choice(sentences)))


def place_objects(world: MujocoWorld, rng: np.random.Generator) -> None:
    """Put the objects at random places in a row on the table."""
    slots = rng.permutation(len(OBJECTS)) - 0.5 * (len(OBJECTS) - 1)
    for thing, slot in zip(OBJECTS, slots, strict=True):
        x, y = rng.uniform(*X_RANGE), slot * PITCH + rng.uniform(-JITTER, JITTER)
        height = TABLE_HEIGHT + REST_HEIGHTS[thing.name]
        world.place(thing.name, np.array([x, y, height]), rng.uniform(-np.pi, np.pi))


def start_posture(bundle: Bundle, rng: np.random.Generator) -> np.ndarray:
    """A posture to begin with, near the default one [rad], (n,)."""
    joints = bundle.joints
    offsets = rng.uniform(-POSE_RANGE, POSE_RANGE, len(joints.names))
    return np.clip(joints.default + offsets, joints.soft_lower, joints.soft_upper)


def hands() -> Hands:
    """The task's hands, capsules on the wrists, and the balls that stand for objects."""
    links = [link for link in load_figures().links if link.name in HAND_BODIES]
    ends = np.array([link.colliders[0].ends for link in links])
    return Hands(tuple(link.name for link in links), ends, links[0].colliders[0].radius, OBJECT_RADIUS)


def open_reach(bundle: Bundle, mjcf: Path, timestep: float = 0.002) -> MujocoWorld:
    """The robot of a file behind the table.

    Args:
        bundle: The policy's.
        mjcf: The file.
        timestep: Of the physics [s].

    Raises:
        ValueError: The file does not fit the policy; one line.
    """
    model = build_model(mjcf, bundle.joints, load_figures().standing_height, THINGS, bundle.cameras, timestep)
    names = body_names(model)
    # where the task measures contacts; the judge takes the torso for the first
    sensed = [TORSO, *(name for name in names if any(part in name for part in ("shoulder_yaw", "elbow", "wrist")))]
    if missing := [name for name in (TORSO, *HAND_BODIES) if name not in names]:
        raise ValueError(f"the model '{mjcf}' lacks the bodies {missing}; it has {names}")
    return MujocoWorld(model, bundle.joints, [thing.name for thing in OBJECTS], sensed)


class Judge:
    """Says how an episode goes, by the model's own hands; from now on.

    Args:
        bundle: The policy's.
        world: From :func:`open_reach`.
        goal: What is to be touched.
    """

    def __init__(self, bundle: Bundle, world: MujocoWorld, goal: Goal) -> None:
        self._joints, self._world, self._goal = bundle.joints, world, goal
        self._hands, self._time = hands(), world.time
        self.held = 0.0
        """How long the goal has been touched without a break [s]."""
        self.gap = np.inf
        """Between goal hand and goal object [m]."""
        self.failures: dict[str, float] = {}
        """What went wrong, of `FAILURES`, and when it did first [s]."""

    @property
    def succeeded(self) -> bool:
        """Whether the goal has just been held for long enough."""
        return self.held > HOLD_TIME - 1e-6

    def look(self, targets: np.ndarray) -> None:
        """Look at what came of a tick.

        Args:
            targets: What the joints were commanded in it [rad], (n,).
        """
        world, joints = self._world, self._joints
        passed, self._time = world.time - self._time, world.time
        gaps = hand_clearance(self._segments(), world.object_positions(), self._hands)
        self.gap = float(gaps[self._goal.hand_index, self._goal.object_index])
        touching = gaps < TOUCH_DISTANCE
        right = bool(touching[self._goal.hand_index, self._goal.object_index])
        self.held = self.held + passed if right else 0.0
        pos, vel = world.joint_pos, world.joint_vel
        efforts = np.abs(joints.stiffness * (targets - pos) - joints.damping * vel)
        forces = world.peak_forces
        happened = (
            touching.sum() > right,
            (np.maximum(joints.lower - pos, pos - joints.upper) > POS_TOLERANCE).any(),
            (np.abs(vel) > VEL_FRACTION * joints.velocity_limit).any(),
            (efforts > EFFORT_FRACTION * joints.effort_limit).any(),
            forces[0] > TORSO_FORCE,
            (forces[1:] > ARM_FORCE).any(),
        )
        for name, failed in zip(FAILURES, happened, strict=True):
            if failed:
                self.failures.setdefault(name, world.time)

    def _segments(self) -> np.ndarray:
        """Both ends of each hand's axis [m], (2, 2, 3), where the model has the bodies that bear the hands."""
        segments = np.empty_like(self._hands.ends)
        for number, body in enumerate(self._hands.bodies):
            pos, matrix = self._world.body_pose(body)
            segments[number] = pos + self._hands.ends[number] @ matrix.T
        return segments
