"""What finished episodes cost, over a moving window."""

from __future__ import annotations

import torch
from torch import nn


class EpisodeCosts(nn.Module):
    """Adds up costs over episodes and keeps those of the last ones that finished.

    An episode in progress says nothing of what a whole one costs, so only finished ones count, and of these only such
    as were seen from their start: not those that began before :meth:`start`, of which the runner may shorten the first
    of each environment at random.

    Args:
        num_envs: Number of environments.
        num_costs: Number of costs.
        window: Number of episodes to keep, at least 2.

    Raises:
        ValueError: If the window is too small.
    """

    running: torch.Tensor
    whole: torch.Tensor
    finished: torch.Tensor
    num_finished: torch.Tensor

    def __init__(self, num_envs: int, num_costs: int, window: int) -> None:
        super().__init__()
        if window < 2:
            raise ValueError(f"cost_window must be at least 2 episodes, got {window}")
        # not in checkpoints: a resumed training begins new episodes
        self.register_buffer("running", torch.zeros(num_envs, num_costs), persistent=False)
        self.register_buffer("whole", torch.zeros(num_envs, dtype=torch.bool), persistent=False)
        self.register_buffer("finished", torch.zeros(window, num_costs))  # the newest at the end
        self.register_buffer("num_finished", torch.zeros((), dtype=torch.long))

    def start(self) -> None:
        """Forget the episodes in progress: the next step continues nothing."""
        self.running.zero_()
        self.whole.zero_()

    def add(self, costs: torch.Tensor, dones: torch.Tensor) -> None:
        """Add one step of every environment, in place: rollouts run in inference mode.

        Args:
            costs: Of the step, shape (num_envs, num_costs).
            dones: Whether the episode ended with it, shape (num_envs,), bool.
        """
        self.running += costs
        newest = self.running[dones & self.whole]
        self.finished.copy_(torch.cat((self.finished, newest))[-len(self.finished) :])
        self.num_finished += len(newest)
        self.running *= ~dones.unsqueeze(-1)
        self.whole |= dones

    def statistics(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean cost of the episodes in the window, and by how much it is rising; over all processes, each (num_costs,).

        The mean is NaN before an episode has finished. The trend is the mean of the window's newer half minus that of
        its older one, 0 while one of them is empty.
        """
        window = len(self.finished)
        position = torch.arange(window, device=self.finished.device)
        filled = position >= window - self.num_finished
        halves = torch.stack((filled & (position < window // 2), filled & (position >= window // 2))).float()
        # of the older and the newer half: the sum of each cost, and the number of episodes, (2, num_costs + 1)
        sums = torch.cat((halves @ self.finished, halves.sum(dim=1, keepdim=True)), dim=1)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums)
        total = sums.sum(dim=0)
        older, newer = sums[:, :-1] / sums[:, -1:]
        return total[:-1] / total[-1], (newer - older).nan_to_num(0.0)
