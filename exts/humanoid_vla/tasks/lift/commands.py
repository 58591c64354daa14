"""Command terms of Lift: which object to lift, or to let go of what is held."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from isaaclab.managers import CommandTerm, SceneEntityCfg

from humanoid_vla.tasks.mdp.grip import finger_openings, grip_centres, grip_distances, heights_above
from humanoid_vla.tasks.mdp.instructions import Instructions, choose_instructions
from humanoid_vla.tasks.mdp.touch import object_positions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from humanoid_vla.language.instructions import InstructionSet

    from .commands_cfg import LiftGoalCommandCfg, LiftInstructionCommandCfg


class LiftGoalCommand(CommandTerm):
    """ "Lift this object": goal k lifts object k; the last goal is to put down and let go of what a hand holds.

    How an episode starts depends on its goal, so the event that prepares it draws the goal first (:meth:`draw`), and
    the command takes it over when Isaac Lab resets it, after the events. Goals are drawn uniformly.
    """

    cfg: LiftGoalCommandCfg
    _env: ManagerBasedRLEnv

    def __init__(self, cfg: LiftGoalCommandCfg, env: ManagerBasedRLEnv) -> None:
        super().__init__(cfg, env)
        self.hands = SceneEntityCfg("robot", body_names=cfg.hands, preserve_order=True)
        self.fingers = SceneEntityCfg("robot", joint_names=cfg.fingers, preserve_order=True)
        self.objects = SceneEntityCfg("objects")
        for entity in (self.hands, self.fingers, self.objects):
            entity.resolve(env.scene)
        self.release = len(cfg.objects)
        """Number of the goal to let go, and of objects."""
        self.goal_index = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        """Number of the goal, shape (num_envs,)."""
        self.object_index = torch.zeros_like(self.goal_index)
        """Index of the object to lift, or that is held, into ``cfg.objects``, shape (num_envs,)."""
        self.hand_index = torch.zeros_like(self.goal_index)
        """Index of the hand that was nearest to that object when the goal was told, shape (num_envs,). It is no part of
        the goal: the other hand may lift it."""
        self.held_time = torch.zeros(self.num_envs, device=self.device)
        """How long the goal has been met without a break [s], shape (num_envs,)."""
        self.heights = torch.zeros(self.num_envs, self.release, device=self.device)
        """How much higher than on the table each object is [m] after the step's physics, (num_envs, num_objects)."""
        self.shortfall = torch.full((self.num_envs, self.release + 1), torch.inf, device=self.device)
        """What each goal is short of [m], below 0 where it is met, (num_envs, num_goals): to lift, the height that is
        missing; to let go, how far too high the object or too closed the gripper is. Like :attr:`heights` measured by
        the termination ``success``, before all that reads it."""
        self._envs = torch.arange(self.num_envs, device=self.device)
        self._one_hot = torch.zeros(self.num_envs, self.release + 1 + len(cfg.hands), device=self.device)
        self._next = torch.zeros_like(self.goal_index)
        self._rest_heights = torch.tensor(cfg.rest_heights, device=self.device)

    @property
    def command(self) -> torch.Tensor:
        """One-hot goal, then the nearest hand one-hot, shape (num_envs, num_objects + 1 + num_hands)."""
        return self._one_hot

    @property
    def clearance(self) -> torch.Tensor:
        """:attr:`shortfall` with either hand [m], shape (num_envs, num_hands, num_goals)."""
        return self.shortfall.unsqueeze(1).expand(-1, len(self.cfg.hands), -1)

    @property
    def goal_clearance(self) -> torch.Tensor:
        """:attr:`shortfall` of the goal [m], shape (num_envs,)."""
        return self.shortfall[self._envs, self.goal_index]

    @property
    def releasing(self) -> torch.Tensor:
        """Where the goal is to let go, shape (num_envs,)."""
        return self.goal_index == self.release

    def draw(self, env_ids: torch.Tensor | slice) -> torch.Tensor:
        """Draw the goals of episodes that are about to begin, shape (n,)."""
        self._next[env_ids] = self._draw(len(self._next[env_ids]))
        return self._next[env_ids]

    def set_goal(self, env_ids: torch.Tensor | slice, goals: torch.Tensor) -> None:
        """Give environments goals, (n,); to let go is of the object that is nearest to a gripper."""
        self.held_time[env_ids] = 0.0
        distances = grip_distances(grip_centres(self._env, self.hands), object_positions(self._env, self.objects))
        distances = distances[env_ids]  # (n, hands, objects)
        releasing = goals == self.release
        objects = torch.where(releasing, distances.amin(dim=1).argmin(dim=1), goals)
        hands = distances.gather(2, objects.view(-1, 1, 1).expand(-1, distances.shape[1], 1)).squeeze(2).argmin(dim=1)
        self.goal_index[env_ids], self.object_index[env_ids], self.hand_index[env_ids] = goals, objects, hands
        one_hot = torch.nn.functional.one_hot
        self._one_hot[env_ids] = torch.cat(
            [one_hot(goals, self.release + 1), one_hot(hands, len(self.cfg.hands))], dim=-1
        ).to(self._one_hot.dtype)

    def tell_goal(self, env_ids: torch.Tensor | slice, goals: torch.Tensor) -> None:
        """The same: goals are numbered as in the instruction set."""
        self.set_goal(env_ids, goals)

    def measure(self) -> None:
        """Measure :attr:`heights` and :attr:`shortfall`."""
        self.heights = heights_above(self._env, self.objects, self._rest_heights)
        openings = finger_openings(self._env, self.fingers).view(self.num_envs, len(self.cfg.hands), 2).amin(dim=2)
        too_closed = self.cfg.open_width - openings[self._envs, self.hand_index]
        too_high = self.heights[self._envs, self.object_index] - 0.01
        self.shortfall[:, : self.release] = self.cfg.lift_height - self.heights
        self.shortfall[:, self.release] = torch.maximum(too_closed, too_high)

    def _draw(self, num: int) -> torch.Tensor:
        return torch.randint(self.release + 1, (num,), device=self.device)

    def _resample_command(self, env_ids: Sequence[int] | slice) -> None:
        self.set_goal(env_ids, self._next[env_ids])  # type: ignore[arg-type]

    def _update_command(self) -> None:
        pass

    def _update_metrics(self) -> None:
        pass


class LiftInstructionCommand(LiftGoalCommand):
    """The same, told in a sentence drawn with the goal."""

    cfg: LiftInstructionCommandCfg

    def __init__(self, cfg: LiftInstructionCommandCfg, env: ManagerBasedRLEnv) -> None:
        super().__init__(cfg, env)
        self.told_object_index = torch.zeros_like(self.goal_index)
        """The goal that the sentence tells: that of the episode, or another one while :attr:`swapped`; (num_envs,)."""
        self.instruction_index = torch.zeros_like(self.goal_index)
        """Index of the sentence into ``instructions.sentences``, shape (num_envs,)."""
        self.instruction_set: InstructionSet = pkgutil.resolve_name(cfg.instruction_set)
        """All phrasings of all goals."""
        self.instructions: Instructions = choose_instructions(
            self.instruction_set, cfg.wording, cfg.instruction, self.device
        )
        """What is drawn from; an evaluation may put others in its place."""
        self.swapped = False
        """Whether sentences tell another goal than the one that the episode is judged by, to test who listens."""

    def set_goal(self, env_ids: torch.Tensor | slice, goals: torch.Tensor) -> None:
        """As in :class:`LiftGoalCommand`, each goal told in a sentence drawn for it."""
        super().set_goal(env_ids, goals)
        told, num_goals = goals, self.release + 1
        if self.swapped:
            told = (goals + torch.randint(1, num_goals, goals.shape, device=self.device)) % num_goals
        self.told_object_index[env_ids] = told
        self.instruction_index[env_ids] = self.instructions.draw(told)

    def _draw(self, num: int) -> torch.Tensor:
        return self.instructions.draw_goals(num)
