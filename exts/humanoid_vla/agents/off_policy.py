"""What every off-policy algorithm shares: from the rollout into the replay buffer, and out again in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from rsl_rl.utils import reduce_gradients_in_buckets
from tensordict import TensorDict
from torch import nn

from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer


class OffPolicyAlgorithm(ABC):
    """The part of RSL-RL's algorithm protocol that does not depend on the losses.

    A subclass owns the networks and says what one gradient update does to a batch (:meth:`update_batch`), how it is
    saved and how it is loaded.

    Args:
        actor: Called with observations and `stochastic_output`, gives actions in [-1, 1].
        critic: Module with `train()`, `eval()` and `update_normalization(obs)`.
        buffer: Where transitions go.
        batch_size: Transitions a gradient update.
        learning_starts: Transitions to collect before the first update; until then actions are uniformly random.
        updates_per_step: Gradient updates a step of the vectorised environment; may be a fraction.
        device: Where the learner runs.
        multi_gpu_cfg: RSL-RL's dict with `world_size`, or None when one process trains.

    Raises:
        ValueError: If `learning_starts` exceeds what the buffer holds, or a number is not positive.
    """

    rnd = None  # RSL-RL's logger asks for it

    def __init__(
        self,
        actor: nn.Module,
        critic: nn.Module,
        buffer: ReplayBuffer,
        *,
        batch_size: int,
        learning_starts: int,
        updates_per_step: float,
        device: torch.device | str,
        multi_gpu_cfg: dict | None = None,
    ) -> None:
        if batch_size < 1 or updates_per_step <= 0:
            raise ValueError(f"batch_size and updates_per_step must be positive, got {batch_size}, {updates_per_step}")
        # half of the rows always hold transitions, even with episodes of one step
        if not 0 <= learning_starts <= buffer.num_envs * buffer.num_rows // 2:
            raise ValueError(
                f"learning_starts ({learning_starts}) must be at most half the buffer's"
                f" {buffer.num_envs * buffer.num_rows} rows: older transitions are overwritten"
            )
        self.device = torch.device(device)
        self.actor: Any = actor.to(self.device)
        self.critic: Any = critic.to(self.device)
        self.buffer = buffer
        self.batch_size = batch_size
        self.learning_starts = learning_starts
        self.updates_per_step = updates_per_step
        self.world_size: int = 1 if multi_gpu_cfg is None else multi_gpu_cfg["world_size"]
        self.num_transitions = 0  # collected over the whole training, also before a resume
        self.num_updates = 0
        self._updates_due = 0.0
        self._at_start = True  # the next observations continue nothing
        self._actions = torch.empty(0)

    @torch.no_grad()
    def act(self, obs: TensorDict) -> torch.Tensor:
        """Actions for the rollout in [-1, 1], shape (num_envs, num_actions)."""
        if self._at_start:
            self.buffer.start(obs)
            self._at_start = False
        if self.num_transitions < self.learning_starts:
            shape = (self.buffer.num_envs, self.buffer.num_actions)
            self._actions = 2.0 * torch.rand(shape, device=self.device) - 1.0
        else:
            self._actions = self.actor(obs, stochastic_output=True)
        return self._actions

    @torch.no_grad()
    def process_env_step(self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict) -> None:
        """Store the step that followed :meth:`act`.

        Args:
            obs: Observations to act on next, after a reset where an episode ended.
            rewards: Shape (num_envs,).
            dones: Non-zero where an episode ended, shape (num_envs,).
            extras: May hold `time_outs`, shape (num_envs,), true where the episode was only cut short, and then
                `final_obs`, the groups before the reset, each (num_envs, *shape).

        Raises:
            ValueError: If an episode timed out and `final_obs` is missing: its value could not be bootstrapped.
        """
        dones = dones.to(self.device).bool()
        time_outs = extras.get("time_outs")
        time_outs = torch.zeros_like(dones) if time_outs is None else time_outs.to(self.device).bool() & dones
        final_obs = extras.get("final_obs")
        if final_obs is None:
            if time_outs.any():
                raise ValueError(
                    "an episode timed out and extras['final_obs'] is missing: set `env_cfg.compute_final_obs = True`,"
                    " without it the value after the last step cannot be learned"
                )
            final_obs = obs  # only failures: nothing is bootstrapped from it
        self.buffer.add(self._actions, rewards, dones & ~time_outs, dones, obs, final_obs)
        self.actor.update_normalization(obs)
        self.critic.update_normalization(obs)
        self.actor.reset(dones)
        self.num_transitions += self.buffer.num_envs
        if self.buffer.num_added >= max(self.learning_starts, 1):
            self._updates_due += self.updates_per_step

    def compute_returns(self, obs: TensorDict) -> None:  # noqa: B027 - empty by design
        """Nothing to do: targets are computed from the replay buffer, batch by batch."""

    def update(self) -> dict[str, float]:
        """Make the gradient updates that are due; mean of each figure, or nothing before learning starts."""
        count = int(self._updates_due)
        self._updates_due -= count
        return self.make_updates(count)

    def make_updates(self, count: int) -> dict[str, float]:
        """Make this many gradient updates; mean of each figure."""
        sums: dict[str, torch.Tensor] = {}
        counts: dict[str, int] = defaultdict(int)
        for _ in range(count):
            for name, value in self.update_batch(self.buffer.sample(self.batch_size)).items():
                sums[name] = sums[name] + value if name in sums else value
                counts[name] += 1
            self.num_updates += 1
        if not sums:
            return {}
        # the only wait for the device in the whole update
        totals = torch.stack(list(sums.values())).tolist()
        return {name: total / counts[name] for name, total in zip(sums, totals, strict=True)}

    @abstractmethod
    def update_batch(self, batch: Batch) -> dict[str, torch.Tensor]:
        """One gradient update; figures to log, each a detached tensor without dimensions."""

    def get_policy(self) -> Any:
        """The actor, for inference and export."""
        return self.actor

    def train_mode(self) -> None:
        """Before training; the runner calls it at the start of `learn`, so the next observations continue nothing."""
        self.actor.train()
        self.critic.train()
        self._at_start = True

    def eval_mode(self) -> None:
        """Before inference."""
        self.actor.eval()
        self.critic.eval()

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average gradients over the processes of a multi-GPU run."""
        if self.world_size > 1:
            reduce_gradients_in_buckets(parameters, self.world_size, bucket_mb=25.0)
