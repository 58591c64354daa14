"""What else the robot might have been told: every goal of Reach, for teachers that know what to do for each."""

from __future__ import annotations

from typing import Any

import torch

from humanoid_vla.tasks.told_goals import ToldGoals


class ReachGoals(ToldGoals):
    """Asks of one situation what each of the eight goals would look like, and tells goals in new words.

    Args:
        env: The environment, in RSL-RL's wrapper.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        num_objects, num_hands = len(self.command.cfg.objects), len(self.command.cfg.hands)
        self.num_goals = num_objects * num_hands
        goals = torch.arange(self.num_goals, device=self.command.device)
        self._object, self._hand = goals // num_hands, goals % num_hands
        one_hot = torch.nn.functional.one_hot
        self._one_hot = torch.cat([one_hot(self._object, num_objects), one_hot(self._hand, num_hands)], dim=-1).float()

    def teacher_obs(self, obs: Any) -> dict[str, torch.Tensor]:
        """What a teacher reads, as if each environment had been told each goal, (num_envs * num_goals, dim) each.

        How long a goal has been held is known of the one that counts only; the others begin at 0.
        """
        state, num_envs = obs["state"], len(obs["state"])
        num_objects, num_hands = int(self._object[-1]) + 1, int(self._hand[-1]) + 1
        centres = state[:, : 3 * num_objects].view(num_envs, num_objects, 3)
        palms = state[:, 3 * num_objects : 3 * (num_objects + num_hands)].view(num_envs, num_hands, 3)
        hand_to_goal = centres[:, self._object] - palms[:, self._hand]  # (num_envs, num_goals, 3)
        held = torch.zeros(num_envs, self.num_goals, 1, device=state.device)
        held[torch.arange(num_envs, device=state.device), self.told(), 0] = obs["goal"][:, -1]
        goal = torch.cat([self._one_hot.expand(num_envs, -1, -1), hand_to_goal, held], dim=-1)
        repeated = {group: obs[group].repeat_interleave(self.num_goals, dim=0) for group in ("proprio", "state")}
        return {**repeated, "goal": goal.flatten(0, 1)}
