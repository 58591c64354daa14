"""Velocity commands that are told in sentences."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from isaaclab.managers import CommandTerm

from .instructions import choose_instructions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from humanoid_vla.language.instructions import InstructionSet

    from .velocity_commands_cfg import VelocityInstructionCommandCfg


class VelocityInstructionCommand(CommandTerm):
    """A velocity of a small set, told in a sentence drawn with it; both are drawn anew within an episode, too."""

    cfg: VelocityInstructionCommandCfg

    def __init__(self, cfg: VelocityInstructionCommandCfg, env: ManagerBasedRLEnv) -> None:
        super().__init__(cfg, env)
        self.instruction_set: InstructionSet = pkgutil.resolve_name(cfg.instruction_set)
        """All phrasings of all goals."""
        velocities: Mapping[str, tuple[float, float, float]] = pkgutil.resolve_name(cfg.velocities)
        self.velocities = torch.tensor([velocities[name] for name in self.instruction_set.goals], device=self.device)
        """What each goal asks for: ahead [m/s], to the left [m/s], turning left [rad/s]; shape (num_goals, 3)."""
        self.instructions = choose_instructions(self.instruction_set, cfg.wording, cfg.instruction, self.device)
        """What is drawn from; an evaluation may put others in its place."""
        self.goal_index = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        """The goal that each environment is judged by, shape (num_envs,)."""
        self.instruction_index = torch.zeros_like(self.goal_index)
        """Index of the sentence into ``instructions.sentences``, shape (num_envs,)."""
        self.swapped = False
        """Whether sentences tell another goal than the one that counts, to test who listens."""
        self._velocity = torch.zeros(self.num_envs, 3, device=self.device)

    @property
    def command(self) -> torch.Tensor:
        """The velocity that counts, in the robot's frame, shape (num_envs, 3)."""
        return self._velocity

    def tell_goal(self, env_ids: torch.Tensor | slice, goals: torch.Tensor) -> None:
        """Tell the given environments goals, each in a sentence drawn for it.

        Args:
            env_ids: Environments, shape (n,), or a slice.
            goals: Goals, shape (n,), int64.
        """
        told = goals
        if self.swapped:
            num = len(self.velocities)
            told = (goals + torch.randint(1, num, goals.shape, device=self.device)) % num
        self.goal_index[env_ids] = goals
        self._velocity[env_ids] = self.velocities[goals]
        self.instruction_index[env_ids] = self.instructions.draw(told)

    def _resample_command(self, env_ids: Sequence[int] | slice) -> None:
        self.tell_goal(env_ids, self.instructions.draw_goals(len(self.goal_index[env_ids])))  # type: ignore[arg-type]

    def _update_command(self) -> None:
        pass

    def _update_metrics(self) -> None:
        pass
