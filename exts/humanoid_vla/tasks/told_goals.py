"""Goals that a robot is told in sentences, for teachers that know what to do for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


class ToldGoals:
    """What was told, and the same in new words; a family adds what its teacher would do or read.

    Args:
        env: The environment, in RSL-RL's wrapper; its command "goal" tells sentences.
    """

    replaced_groups: Sequence[str] = ("language",)
    """Observation groups of a learner that :meth:`tell` gives."""

    def __init__(self, env: Any) -> None:
        self.command = env.unwrapped.command_manager.get_term("goal")

    def told(self) -> torch.Tensor:
        """The goal of each environment's sentence, shape (num_envs,)."""
        return self.command.instructions.goal[self.command.instruction_index]

    def tell(self, goals: torch.Tensor) -> dict[str, torch.Tensor]:
        """:attr:`replaced_groups` with each goal told in one of its sentences, drawn anew; (n,) -> (n, dim) each."""
        instructions = self.command.instructions
        return {"language": instructions.embeddings[instructions.draw(goals)]}
