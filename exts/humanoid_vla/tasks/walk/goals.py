"""What else the robot might have been told: every goal of Walk, for teachers that know what to do for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


class WalkGoals:
    """Asks of one situation what each of the sixteen velocities would have looked like, and tells goals in new words.

    Args:
        env: The environment, in RSL-RL's wrapper.
    """

    replaced_groups: Sequence[str] = ("language",)
    """Observation groups of a learner that :meth:`tell` gives."""

    def __init__(self, env: Any) -> None:
        self.command = env.unwrapped.command_manager.get_term("goal")
        self.num_goals = len(self.command.velocities)

    def told(self) -> torch.Tensor:
        """The goal of each environment's sentence, shape (num_envs,)."""
        return self.command.instructions.goal[self.command.instruction_index]

    def tell(self, goals: torch.Tensor) -> dict[str, torch.Tensor]:
        """:attr:`replaced_groups` with each goal told in one of its sentences, drawn anew; (n,) -> (n, dim) each."""
        instructions = self.command.instructions
        return {"language": instructions.embeddings[instructions.draw(goals)]}

    def teacher_obs(self, obs: Any) -> dict[str, torch.Tensor]:
        """What a teacher reads, as if each environment had been told each goal, (num_envs * num_goals, dim) each."""
        proprio = obs["proprio"].repeat_interleave(self.num_goals, dim=0)
        return {"proprio": proprio, "goal": self.command.velocities.repeat(len(obs["proprio"]), 1)}
