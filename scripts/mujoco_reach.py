"""A robot in plain MuJoCo behind the table of Reach, moved by a control loop in real time, and judged while it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from humanoid_vla.runtime.mujoco_robot import MujocoRobot
from reach_scene import Goal, Judge, draw_goal, open_reach, place_objects, start_posture, told_goal

if TYPE_CHECKING:
    from humanoid_vla.runtime.bundle import Bundle
    from humanoid_vla.runtime.robot import Inbox


class MujocoReach(MujocoRobot):
    """Random objects, and a random goal where none is told.

    Args:
        bundle: The policy's.
        mjcf: Somebody's G1.
        instruction: What the robot is told; None for a random goal.
        seed: Of what is random.

    Raises:
        ValueError: The file does not fit the policy; one line.
    """

    def __init__(self, bundle: Bundle, mjcf: Path, instruction: str | None, seed: int) -> None:
        rng = np.random.default_rng(seed)
        world = open_reach(bundle, mjcf)
        super().__init__(world, bundle.cameras, self._watch)
        self.goal: Goal | None = draw_goal(rng, bundle) if instruction is None else told_goal(instruction)
        """What is judged; None where words of one's own were told."""
        told = instruction if self.goal is None else self.goal.sentence
        self.instruction: str | None = None if bundle.language is None else told
        """What the robot is told; None where its policy reads no sentence."""
        place_objects(world, rng)
        world.reset(start_posture(bundle, rng))
        self.command(world.joint_pos)
        self._judge = None if self.goal is None else Judge(bundle, world, self.goal)
        self._success_s: float | None = None

    def start(self, inbox: Inbox) -> None:
        if self.goal is not None and "goal" in inbox.values:
            inbox.values["goal"].put(self.goal.one_hot(), 0.0)
        super().start(inbox)

    def outcome(self) -> dict[str, Any]:
        """Whether the goal was touched as the task asks for, and when; what went wrong, and when [s]."""
        figures: dict[str, Any] = {"instruction": self.instruction, "physics_lost_s": round(self.lost, 3)}
        if self._judge is not None and self.goal is not None:
            figures |= {"goal": self.goal.name, "success_at_s": self._success_s, "failures": self._judge.failures}
        if self.trouble is not None:
            figures["trouble"] = self.trouble
        return figures

    def _measure(self, inbox: Inbox) -> None:
        super()._measure(inbox)
        latest = inbox.joint_state.latest()
        if "held_time" in inbox.values and self._judge is not None and latest is not None:
            inbox.values["held_time"].put(np.array([self._judge.held]), latest[1])

    def _watch(self, targets: np.ndarray) -> None:
        if self._judge is None or self._success_s is not None:  # what comes after a success does not count
            return
        self._judge.look(targets)
        if self._judge.succeeded:
            self._success_s = self.world.time
