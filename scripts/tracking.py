"""How well a policy follows a command at every moment, where there is no success at the end of an episode."""

from __future__ import annotations

from typing import Any


class Tracking:
    """Sums up the rewards whose names begin with ``track_``; the largest value of each is 1.

    Call :meth:`before_step` and :meth:`after_step` around every step.

    Args:
        env: The environment in RSL-RL's wrapper.
        command: What tells it its goals in sentences, if anything does.
    """

    def __init__(self, env: Any, command: Any = None) -> None:
        import torch

        self.rewards = env.unwrapped.reward_manager
        names = self.rewards.active_terms
        self.columns = [number for number, name in enumerate(names) if name.startswith("track_")]
        self.names = [names[number].removeprefix("track_") for number in self.columns]
        self.goals: list[str] = list(command.instruction_set.goals) if hasattr(command, "goal_index") else ["all"]
        device = env.unwrapped.device
        weights = [self.rewards.get_term_cfg(names[number]).weight for number in self.columns]
        self.weights = torch.tensor(weights, device=device)
        self.sums = torch.zeros(len(self.goals), len(self.names), device=device)
        self.steps = torch.zeros(len(self.goals), device=device)
        self._command = command if hasattr(command, "goal_index") else None
        self._goal = torch.zeros(env.num_envs, dtype=torch.long, device=device)

    def before_step(self) -> None:
        """Remember who was told what: it may be told anew in the step, after the rewards."""
        if self._command is not None:
            self._goal = self._command.goal_index.clone()

    def after_step(self, counted: Any) -> None:
        """Count a step of the environments that are true in ``counted``, (num_envs,), bool."""
        values = self.rewards._step_reward[:, self.columns] / self.weights  # as they were before a reset
        self.sums.index_add_(0, self._goal[counted], values[counted])
        self.steps.index_add_(0, self._goal[counted], self.steps.new_ones(int(counted.sum())))

    def figures(self) -> dict[str, Any]:
        """``tracking``, the mean of each reward over all steps; where goals are told, ``tracking_by_goal``, too."""
        if not self.names:
            return {}
        figures: dict[str, Any] = {"tracking": self._means(self.sums.sum(dim=0), self.steps.sum())}
        if self._command is not None:
            rows = zip(self.goals, self.sums, self.steps, strict=True)
            figures["tracking_by_goal"] = {goal: self._means(total, steps) for goal, total, steps in rows if steps}
        return figures

    def _means(self, total: Any, steps: Any) -> dict[str, float]:
        return dict(zip(self.names, (total / steps).tolist(), strict=True))


def tracking_line(tracking: dict[str, float]) -> str:
    """ "lin_vel 0.812, ang_vel 0.744"."""
    return ", ".join(f"{name} {share:.3f}" for name, share in tracking.items())
