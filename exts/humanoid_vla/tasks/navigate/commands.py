"""The command term of Navigate: which thing to go to."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from isaaclab.managers import CommandTerm

from humanoid_vla.tasks.mdp.instructions import Instructions, choose_instructions

from .geometry import landmark_offsets, polar

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from humanoid_vla.language.instructions import InstructionSet

    from .commands_cfg import NavigateInstructionCommandCfg


class NavigateInstructionCommand(CommandTerm):
    """ "Go to this thing", told in a sentence drawn with the goal; goal k is thing k."""

    cfg: NavigateInstructionCommandCfg
    _env: ManagerBasedRLEnv

    def __init__(self, cfg: NavigateInstructionCommandCfg, env: ManagerBasedRLEnv) -> None:
        super().__init__(cfg, env)
        num_objects = len(cfg.objects)
        self.goal_index = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        """The thing to go to, as an index into ``cfg.objects``, shape (num_envs,)."""
        self.told_object_index = torch.zeros_like(self.goal_index)
        """The one that the sentence names: the goal, or another one while :attr:`swapped`; (num_envs,)."""
        self.hand_index = torch.zeros_like(self.goal_index)
        """Zeros: where other tasks name a hand, this one has one robot."""
        self.instruction_index = torch.zeros_like(self.goal_index)
        """Index of the sentence into ``instructions.sentences``, shape (num_envs,)."""
        self.instruction_set: InstructionSet = pkgutil.resolve_name(cfg.instruction_set)
        """All phrasings of all goals."""
        self.instructions: Instructions = choose_instructions(
            self.instruction_set, cfg.wording, cfg.instruction, self.device
        )
        """What is drawn from; an evaluation may put others in its place."""
        self.swapped = False
        """Whether sentences name another thing than the one that the episode is judged by, to test who listens."""
        self.distances = torch.full((self.num_envs, num_objects), torch.inf, device=self.device)
        """From the robot to each thing [m], shape (num_envs, num_objects). The termination ``success`` measures them,
        before all else that reads them."""
        self.approach = torch.zeros(self.num_envs, device=self.device)
        """How much nearer the goal has come in the step [m], shape (num_envs,)."""
        self.turn = torch.zeros(self.num_envs, device=self.device)
        """How much less the robot faces away from the goal than before the step [rad], shape (num_envs,)."""
        self._goal_distance = torch.zeros(self.num_envs, device=self.device)
        self._goal_angle = torch.zeros(self.num_envs, device=self.device)
        self._envs = torch.arange(self.num_envs, device=self.device)
        self._one_hot = torch.zeros(self.num_envs, num_objects, device=self.device)

    @property
    def command(self) -> torch.Tensor:
        """The goal, one-hot, shape (num_envs, num_objects)."""
        return self._one_hot

    @property
    def clearance(self) -> torch.Tensor:
        """:attr:`distances` with a dimension for the one robot [m], shape (num_envs, 1, num_objects)."""
        return self.distances.unsqueeze(1)

    def tell_goal(self, env_ids: torch.Tensor | slice, goals: torch.Tensor) -> None:
        """Tell the given environments goals, each in a sentence drawn for it.

        Args:
            env_ids: Environments, shape (n,), or a slice.
            goals: Goals, shape (n,), int64.
        """
        told, num_objects = goals, self._one_hot.shape[1]
        if self.swapped:
            told = (goals + torch.randint(1, num_objects, goals.shape, device=self.device)) % num_objects
        self.goal_index[env_ids], self.told_object_index[env_ids] = goals, told
        self._one_hot[env_ids] = torch.nn.functional.one_hot(goals, num_objects).to(self._one_hot.dtype)
        self.instruction_index[env_ids] = self.instructions.draw(told)
        _, distance, angle = self._see()
        self._goal_distance[env_ids], self._goal_angle[env_ids] = distance[env_ids], angle[env_ids]

    def measure(self) -> None:
        """Measure :attr:`distances`, :attr:`approach` and :attr:`turn`, once a step."""
        self.distances, distance, angle = self._see()
        self.approach, self.turn = self._goal_distance - distance, self._goal_angle - angle
        self._goal_distance, self._goal_angle = distance, angle

    def _see(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """All distances [m], that of the goal, and how far the robot faces away from the goal [rad]."""
        distances, bearings = polar(landmark_offsets(self._env))
        at = self._envs, self.goal_index
        return distances, distances[at], bearings[at].abs()

    def _resample_command(self, env_ids: Sequence[int] | slice) -> None:
        self.tell_goal(env_ids, self.instructions.draw_goals(len(self.goal_index[env_ids])))  # type: ignore[arg-type]

    def _update_command(self) -> None:
        pass

    def _update_metrics(self) -> None:
        pass
