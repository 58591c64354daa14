"""Situations, and what a teacher would do in them for each goal."""

from __future__ import annotations

from collections.abc import Mapping

import torch


class DaggerBuffer:
    """A ring of observations with the teacher's actions for every goal; images stay uint8.

    Args:
        obs: An example of the groups to store, (num_envs, *shape) each.
        num_goals: Goals a situation has labels for, G.
        num_actions: Actions, A.
        capacity: Situations to keep.
        device: Where.
    """

    def __init__(
        self, obs: Mapping[str, torch.Tensor], num_goals: int, num_actions: int, capacity: int, device: torch.device
    ) -> None:
        self.capacity, self.num_added = capacity, 0
        with torch.inference_mode(False):
            self.obs = {
                group: torch.zeros(capacity, *value.shape[1:], dtype=value.dtype, device=device)
                for group, value in obs.items()
            }
            self.labels = torch.zeros(capacity, num_goals, num_actions, device=device)
            self.answered = torch.zeros(capacity, num_goals, dtype=torch.bool, device=device)
            self.told = torch.zeros(capacity, dtype=torch.long, device=device)

    def __len__(self) -> int:
        return min(self.num_added, self.capacity)

    def add(
        self, obs: Mapping[str, torch.Tensor], labels: torch.Tensor, answered: torch.Tensor, told: torch.Tensor
    ) -> None:
        """Store a step of all environments, over the oldest ones.

        Args:
            obs: The groups, (num_envs, *shape) each.
            labels: The teacher's actions, (num_envs, G, A).
            answered: Which of them are answers, (num_envs, G).
            told: The goal that the episode is about, (num_envs,).
        """
        rows = (self.num_added + torch.arange(len(told), device=told.device)) % self.capacity
        for group, values in self.obs.items():
            values[rows] = obs[group]
        self.labels[rows], self.answered[rows] = labels, answered
        self.told[rows] = told
        self.num_added += len(told)
