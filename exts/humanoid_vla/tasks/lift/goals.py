"""The scripted expert as DAgger's teacher: what it would do in a situation, for the goal that was told or for all."""

from __future__ import annotations

from typing import Any

import torch

from humanoid_vla.tasks.lift.expert import ScriptedExpert
from humanoid_vla.tasks.mdp.grip import grip_centres, grip_distances
from humanoid_vla.tasks.mdp.touch import object_positions
from humanoid_vla.tasks.told_goals import ToldGoals


class OwnGoal:
    """Goals of Lift for who is given the goal itself: it is asked for this one alone.

    Args:
        env: The environment, in RSL-RL's wrapper.
    """

    num_goals = 1
    replaced_groups: tuple[str, ...] = ()

    def __init__(self, env: Any) -> None:
        self._command = env.unwrapped.command_manager.get_term("goal")
        self._expert: ScriptedExpert | None = None
        self._env = env

    def told(self) -> torch.Tensor:
        """The only goal there is, shape (num_envs,)."""
        return torch.zeros_like(self._command.goal_index)

    def tell(self, goals: torch.Tensor) -> dict[str, torch.Tensor]:
        """Nothing to tell."""
        return {}

    def answers(self, obs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """The expert's actions, (num_envs, 1, 19), which are good everywhere, (num_envs, 1)."""
        if self._expert is None:  # who only plays needs none
            self._expert = ScriptedExpert(self._env)
        actions = self._expert().unsqueeze(1)
        return actions, torch.ones_like(actions[..., 0], dtype=torch.bool)


class EveryGoal(ToldGoals):
    """Goals of Lift for who is told them in sentences: the expert is asked for each, told or not.

    To lift an object is asked of the hand that was nearest to it when the episode began. To let go is asked where the
    goal is to let go, or where the robot holds what it is to lift: elsewhere there is nothing to let go of.

    Args:
        env: The environment, in RSL-RL's wrapper.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self._env: Any = env
        self.num_goals = self.command.release + 1
        self._expert: ScriptedExpert | None = None
        self._hands = torch.zeros_like(self.command.heights, dtype=torch.long)

    def answers(self, obs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """The expert's actions for every goal, (num_envs, 5, 19), and where they are good, (num_envs, 5)."""
        if self._expert is None:  # who only plays needs none
            self._expert = ScriptedExpert(self._env, self.num_goals)
        goal, env = self.command, self._env.unwrapped
        envs = torch.arange(env.num_envs, device=env.device)
        nearest = grip_distances(grip_centres(env, goal.hands), object_positions(env, goal.objects)).argmin(dim=1)
        self._hands = torch.where((env.episode_length_buf == 0).unsqueeze(1), nearest, self._hands)
        self._hands[envs, goal.object_index] = goal.hand_index
        hands = torch.cat((self._hands, goal.hand_index.unsqueeze(1)), dim=1)
        objects = torch.arange(self.num_goals, device=env.device).repeat(env.num_envs, 1)
        objects[:, goal.release] = goal.object_index
        releasing = torch.zeros_like(objects, dtype=torch.bool)
        releasing[:, goal.release] = True
        actions = self._expert.act(objects.flatten(), hands.flatten(), releasing.flatten())
        good = torch.ones_like(releasing)
        good[:, goal.release] = goal.releasing | self._expert.holding.view_as(good)[:, goal.release]
        return actions.view(*good.shape, -1), good
