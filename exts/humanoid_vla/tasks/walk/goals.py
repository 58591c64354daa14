"""What else the robot might have been told: every goal of Walk, for teachers that know what to do for each."""

from __future__ import annotations

from typing import Any

import torch

from humanoid_vla.tasks.told_goals import ToldGoals


class WalkGoals(ToldGoals):
    """Asks of one situation what each of the sixteen velocities would have looked like, and tells goals in new words.

    Args:
        env: The environment, in RSL-RL's wrapper.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.num_goals = len(self.command.velocities)

    def teacher_obs(self, obs: Any) -> dict[str, torch.Tensor]:
        """What a teacher reads, as if each environment had been told each goal, (num_envs * num_goals, dim) each."""
        proprio = obs["proprio"].repeat_interleave(self.num_goals, dim=0)
        return {"proprio": proprio, "goal": self.command.velocities.repeat(len(obs["proprio"]), 1)}
