"""Command terms: what the robot is told to do, per environment."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from isaaclab.managers import CommandTerm

from .instructions import choose_instructions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from humanoid_vla.language.instructions import InstructionSet

    from .commands_cfg import TouchGoalCommandCfg, TouchInstructionCommandCfg


class TouchGoalCommand(CommandTerm):
    """ "Touch this object with that hand": both drawn uniformly at the start of an episode and kept until its end."""

    cfg: TouchGoalCommandCfg

    def __init__(self, cfg: TouchGoalCommandCfg, env: ManagerBasedRLEnv) -> None:
        super().__init__(cfg, env)
        self.object_index = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        """Index of the goal object into ``cfg.objects``, shape (num_envs,)."""
        self.hand_index = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        """Index of the goal hand into ``cfg.hands``, shape (num_envs,)."""
        self.held_time = torch.zeros(self.num_envs, device=self.device)
        """How long the goal has been touched without a break [s], shape (num_envs,)."""
        self.clearance = torch.full((self.num_envs, len(cfg.hands), len(cfg.objects)), torch.inf, device=self.device)
        """Gap between each hand and each object [m] after the step's physics, shape (num_envs, num_hands, num_objects).

        The termination ``goal_held`` measures it; what Isaac Lab computes next, the other terminations and the rewards,
        reads it here: measured by each of them, it would cost more than all else that they do."""
        self._envs = torch.arange(self.num_envs, device=self.device)
        self._one_hot = torch.zeros(self.num_envs, len(cfg.objects) + len(cfg.hands), device=self.device)

    @property
    def command(self) -> torch.Tensor:
        """One-hot object, then one-hot hand, shape (num_envs, num_objects + num_hands)."""
        return self._one_hot

    @property
    def goal_clearance(self) -> torch.Tensor:
        """:attr:`clearance` of the goal hand and the goal object [m], shape (num_envs,)."""
        return self.clearance[self._envs, self.hand_index, self.object_index]

    def set_goal(self, env_ids: torch.Tensor | slice, object_index: torch.Tensor, hand_index: torch.Tensor) -> None:
        """Tell the given environments to touch an object with a hand.

        Args:
            env_ids: Environments, shape (n,), or a slice.
            object_index: Objects, shape (n,), int64.
            hand_index: Hands, shape (n,), int64.
        """
        self.held_time[env_ids] = 0.0
        self.object_index[env_ids] = object_index
        self.hand_index[env_ids] = hand_index
        num_objects = len(self.cfg.objects)
        objects = torch.nn.functional.one_hot(object_index, num_objects)
        hands = torch.nn.functional.one_hot(hand_index, len(self.cfg.hands))
        self._one_hot[env_ids] = torch.cat([objects, hands], dim=-1).to(self._one_hot.dtype)

    def _resample_command(self, env_ids: Sequence[int] | slice) -> None:
        num = len(self.object_index[env_ids])
        objects = torch.randint(len(self.cfg.objects), (num,), device=self.device)
        hands = torch.randint(len(self.cfg.hands), (num,), device=self.device)
        self.set_goal(env_ids, objects, hands)  # type: ignore[arg-type]

    def _update_command(self) -> None:
        pass

    def _update_metrics(self) -> None:
        pass


class TouchInstructionCommand(TouchGoalCommand):
    """ "Touch this object with that hand", told in a sentence drawn with the goal; goal ``2 * object + hand``."""

    cfg: TouchInstructionCommandCfg

    def __init__(self, cfg: TouchInstructionCommandCfg, env: ManagerBasedRLEnv) -> None:
        super().__init__(cfg, env)
        self.told_object_index = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        """The object that the sentence names: the goal object, or another one while :attr:`swapped`; (num_envs,)."""
        self.instruction_index = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        """Index of the sentence into ``instructions.sentences``, shape (num_envs,)."""
        self.instruction_set: InstructionSet = pkgutil.resolve_name(cfg.instruction_set)
        """All phrasings of all goals."""
        self.instructions = choose_instructions(self.instruction_set, cfg.wording, cfg.instruction, self.device)
        """What is drawn from; an evaluation may put others in its place."""
        self.swapped = False
        """Whether sentences name another object than the one that the episode is judged by, to test who listens."""

    def set_goal(self, env_ids: torch.Tensor | slice, object_index: torch.Tensor, hand_index: torch.Tensor) -> None:
        """As in :class:`TouchGoalCommand`, each goal told in a sentence drawn for it."""
        super().set_goal(env_ids, object_index, hand_index)
        told, num_objects = object_index, len(self.cfg.objects)
        if self.swapped:
            told = (object_index + torch.randint(1, num_objects, object_index.shape, device=self.device)) % num_objects
        self.told_object_index[env_ids] = told
        self.instruction_index[env_ids] = self.instructions.draw(told * len(self.cfg.hands) + hand_index)

    def tell_goal(self, env_ids: torch.Tensor | slice, goals: torch.Tensor) -> None:
        """The same with goals as the instruction set numbers them, shape (n,), int64."""
        num_hands = len(self.cfg.hands)
        self.set_goal(env_ids, goals // num_hands, goals % num_hands)

    def _resample_command(self, env_ids: Sequence[int] | slice) -> None:
        self.tell_goal(env_ids, self.instructions.draw_goals(len(self.object_index[env_ids])))  # type: ignore[arg-type]
