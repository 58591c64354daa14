"""A teacher for robots that see: what to do about every thing that there is, to judge by where it is.

It knows where things are and acts as if it only saw what is in front of it: who learns from it can know no more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from humanoid_vla.tasks.navigate.env_cfg import COMMANDS, NEAR
from humanoid_vla.tasks.navigate.geometry import landmark_offsets, polar

IN_VIEW = math.radians(32.0)
"""Largest bearing at which a thing is in the head camera's picture [rad]."""

AHEAD = math.radians(12.0)
"""Largest bearing at which the robot walks on [rad]; a decision to turn turns it by up to 18 degrees."""

STOP, FORWARD, LEFT, RIGHT = (list(COMMANDS).index(name) for name in COMMANDS)


class EveryThing:
    """The questions and answers of DAgger: of each situation, what if the goal were another thing?

    A thing in view is turned to and walked to; where the robot is near enough, it stops. To look for one that is not in
    view, the robot turns on in the direction of its last decision, or to the left.

    Args:
        env: The environment, in RSL-RL's wrapper.
    """

    replaced_groups: Sequence[str] = ("language",)
    """Observation groups of a learner that :meth:`tell` gives."""

    def __init__(self, env: Any) -> None:
        self.env = env.unwrapped
        self.command = self.env.command_manager.get_term("goal")
        self.num_goals = len(self.command.cfg.objects)

    def told(self) -> torch.Tensor:
        """The goal of each environment's sentence, shape (num_envs,)."""
        return self.command.instructions.goal[self.command.instruction_index]

    def tell(self, goals: torch.Tensor) -> dict[str, torch.Tensor]:
        """:attr:`replaced_groups` with each goal told in one of its sentences, drawn anew; (n,) -> (n, dim) each."""
        instructions = self.command.instructions
        return {"language": instructions.embeddings[instructions.draw(goals)]}

    def answers(self, obs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """One-hot actions for every goal, (num_envs, num_goals, num_actions), and that all of them are answers."""
        distances, bearings = polar(landmark_offsets(self.env))
        last = obs["proprio"][:, 1:]  # behind the turning speed
        turning_right = (last.argmax(dim=-1) == RIGHT) & last.any(dim=-1)
        actions = decide(distances, bearings, turning_right.unsqueeze(-1))
        return torch.nn.functional.one_hot(actions, len(COMMANDS)).float(), torch.ones_like(actions, dtype=torch.bool)


def decide(distance: torch.Tensor, bearing: torch.Tensor, turning_right: torch.Tensor) -> torch.Tensor:
    """What to do about things at distances [m] and bearings [rad], as indices into ``COMMANDS``; any shape."""
    turn = torch.where(bearing > 0, LEFT, RIGHT)
    action = torch.where(bearing.abs() < AHEAD, FORWARD, turn)
    action = torch.where(bearing.abs() > IN_VIEW, torch.where(turning_right, RIGHT, LEFT), action)
    return torch.where(distance < NEAR - 0.03, STOP, action)
