"""Replay buffer that stores every observation once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from tensordict import TensorDict


class Batch(NamedTuple):
    """Transitions over k steps each, drawn from the buffer; `batch` is their number. k = 1 unless asked for more."""

    obs: dict[str, torch.Tensor]  # s_0, each (batch, *shape)
    actions: torch.Tensor  # a_0, (batch, num_actions)
    rewards: torch.Tensor  # r_0 + gamma r_1 + ... + gamma^(k-1) r_(k-1), (batch,)
    next_obs: dict[str, torch.Tensor]  # s_k, each (batch, *shape); the final observation where an episode ended
    terminated: torch.Tensor  # (batch,) 1 if step k ended in failure or success, 0 otherwise, also 0 after a time-out
    discounts: torch.Tensor  # what the value of s_k counts: gamma^k (1 - terminated), (batch,)


class ReplayBuffer:
    """One ring of observation rows an environment; the successor of row r is always row r + 1.

    An episode of T steps takes T + 1 rows: its T observations and its final one. The final observation starts no
    transition. So no observation is stored twice, also not at the end of an episode, and no successor ever belongs to
    another episode::

        row        0    1    2    3       4    5
        obs        s0   s1   s2   final   s0'  s1' <- head
        starts     x    x    x            x

    Which rows start a transition is kept as a first-in-first-out queue an environment: rows are overwritten in the
    order in which they were written, so a start expires at the queue's end. Sampling is then exactly uniform over all
    transitions, with no rejected draw and no device synchronisation.

    Args:
        obs: An example of the observation groups to store, each of shape (num_envs, *shape); dtypes are kept.
        num_actions: Number of actions.
        capacity: Observation rows over all environments. With episodes of T steps this holds capacity * T / (T + 1)
            transitions.
        device: Where the buffer lives.

    Raises:
        ValueError: If the capacity is less than three rows an environment.

    Memory is allocated at the first :meth:`start`: a policy that is only played needs none.
    """

    def __init__(
        self, obs: TensorDict | Mapping[str, torch.Tensor], num_actions: int, capacity: int, device: torch.device | str
    ) -> None:
        self.shapes = {group: tuple(value.shape[1:]) for group, value in obs.items()}
        self.dtypes = {group: value.dtype for group, value in obs.items()}
        self.num_envs = next(iter(obs.values())).shape[0]
        self.num_actions = num_actions
        self.num_rows = capacity // self.num_envs
        self.device = torch.device(device)
        self.num_added = 0  # transitions, including those overwritten since
        if self.num_rows < 3:
            raise ValueError(
                f"a replay buffer for {self.num_envs} environments needs a capacity of at least {3 * self.num_envs}"
                f" observations (three each: a start, a final one, the next start), got {capacity}"
            )
        self._allocated = False

    def start(self, obs: TensorDict | Mapping[str, torch.Tensor]) -> None:
        """Begin a new run of transitions at these observations, unconnected to what came before.

        Args:
            obs: The groups to store, each of shape (num_envs, *shape); other groups are ignored.

        Raises:
            ValueError: If a group is missing or has another shape.
        """
        if not self._allocated:
            self._allocate()
        self._check(obs)
        self._advance(self._envs)
        self._write(obs, self._envs)

    def add(
        self,
        actions: torch.Tensor,
        rewards: torch.Tensor,
        terminated: torch.Tensor,
        dones: torch.Tensor,
        obs: TensorDict | Mapping[str, torch.Tensor],
        final_obs: TensorDict | Mapping[str, torch.Tensor],
    ) -> None:
        """Add one step of every environment.

        Args:
            actions: What was done at the last observation, shape (num_envs, num_actions).
            rewards: Shape (num_envs,).
            terminated: Whether the episode ended for good (no time-out), shape (num_envs,), bool.
            dones: Whether the episode ended in any way, shape (num_envs,), bool.
            obs: Observations to act on next, after a reset where an episode ended; each (num_envs, *shape).
            final_obs: Last observations of the episodes, each (num_envs, *shape); read only where `dones` is set.

        Raises:
            RuntimeError: If :meth:`start` has not been called.
            ValueError: If a group is missing or has another shape.
        """
        if not self._allocated:
            raise RuntimeError("call start(obs) before add(...)")
        self._check(obs)
        flat = self._flat(self._head)
        self._actions[flat] = actions
        self._rewards[flat] = rewards
        self._terminated[flat] = terminated
        self._has_step[flat] = True
        slot = (self._first + self._count) % self.num_rows
        self._starts[self._envs, slot] = self._head
        self._count += 1
        self.num_added += self.num_envs

        ended = dones.nonzero().squeeze(-1)
        if len(ended) > 0:
            self._check(final_obs)
            self._advance(ended)
            self._write(final_obs, ended)
        self._advance(self._envs)
        self._write(obs, self._envs)

    def __len__(self) -> int:
        """Number of transitions that can be drawn (waits for the device)."""
        return int(self._count.sum()) if self._allocated else 0

    def sample(self, batch_size: int, n_steps: int = 1, gamma: float = 0.99) -> Batch:
        """Transitions drawn uniformly with replacement, each over up to `n_steps` steps.

        A transition is over k = `n_steps` steps (Sutton and Barto, "Reinforcement Learning", 2nd ed., eq. 7.1), or
        fewer where the episode ends or the newest stored step is reached before.

        Args:
            batch_size: Number of transitions.
            n_steps: Largest number of rewards to sum, at least 1.
            gamma: Discount factor a step.

        Raises:
            RuntimeError: If nothing has been added yet.
        """
        if self.num_added == 0:
            raise RuntimeError("the replay buffer is empty")
        ends = self._count.cumsum(0)  # (num_envs,)
        # the remainder of a 62-bit number: uniform to 1e-12, and the total need not leave the device
        pick = torch.randint(1 << 62, (batch_size,), device=self.device) % ends[-1]
        env = torch.searchsorted(ends, pick, right=True)
        base = env * self.num_rows
        # the first pick of an environment, ends - count, is the slot `first` of its queue
        slot = (pick + (self._first + self._count - ends).index_select(0, env)) % self.num_rows
        row = self._starts.view(-1).index_select(0, base + slot)
        index = base + row
        rewards = self._rewards.index_select(0, index)
        discounts = torch.full_like(rewards, gamma)
        for _ in range(1, n_steps):
            following = (row + 1) % self.num_rows
            # no step was made from a final or the newest observation: the return ends before, and stays there
            goes_on = self._has_step.index_select(0, base + following)
            rewards = rewards + discounts * goes_on * self._rewards.index_select(0, base + following)
            discounts = torch.where(goes_on, gamma * discounts, discounts)
            row = torch.where(goes_on, following, row)
        next_index = base + (row + 1) % self.num_rows
        terminated = self._terminated.index_select(0, base + row).float()
        return Batch(
            obs={group: value.index_select(0, index) for group, value in self._obs.items()},
            actions=self._actions.index_select(0, index),
            rewards=rewards,
            next_obs={group: value.index_select(0, next_index) for group, value in self._obs.items()},
            terminated=terminated,
            discounts=discounts * (1.0 - terminated),
        )

    def state_dict(self) -> dict:
        """Everything needed to continue: tensors and numbers only."""
        if not self._allocated:
            return {"num_added": 0}
        return {"num_added": self.num_added, "tensors": self._tensors()}

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned.

        Raises:
            ValueError: If it was written with other observation groups, another number of environments or capacity.
        """
        if "tensors" not in state:
            return
        if not self._allocated:
            self._allocate()
        own = self._tensors()
        wrong = [
            name
            for name in sorted(own.keys() | state["tensors"].keys())
            if name not in own or name not in state["tensors"] or own[name].shape != state["tensors"][name].shape
        ]
        if wrong:
            raise ValueError(f"the saved replay buffer has another layout; these differ: {', '.join(wrong)}")
        for name, value in own.items():
            value.copy_(state["tensors"][name])
        self.num_added = int(state["num_added"])

    @property
    def nbytes(self) -> int:
        """Memory in bytes; 0 before the first :meth:`start`."""
        return sum(value.nbytes for value in self._tensors().values()) if self._allocated else 0

    @torch.inference_mode(False)  # rollouts run in inference mode, and its tensors could not be written outside it
    def _allocate(self) -> None:
        size, device = self.num_envs * self.num_rows, self.device
        self._obs = {
            group: torch.zeros(size, *shape, dtype=self.dtypes[group], device=device)
            for group, shape in self.shapes.items()
        }
        self._actions = torch.zeros(size, self.num_actions, device=device)
        self._rewards = torch.zeros(size, device=device)
        self._terminated = torch.zeros(size, dtype=torch.bool, device=device)
        self._has_step = torch.zeros(size, dtype=torch.bool, device=device)  # whether a transition starts in this row
        self._envs = torch.arange(self.num_envs, device=device)
        self._head = torch.full((self.num_envs,), self.num_rows - 1, device=device)  # row of the newest observation
        # queue of the rows that start a transition: `_count` of them from slot `_first` on, in a ring of num_rows slots
        self._starts = torch.zeros(self.num_envs, self.num_rows, dtype=torch.long, device=device)
        self._first = torch.zeros(self.num_envs, dtype=torch.long, device=device)
        self._count = torch.zeros(self.num_envs, dtype=torch.long, device=device)
        self._allocated = True

    def _flat(self, rows: torch.Tensor) -> torch.Tensor:
        """Index into the storage of one row an environment, shape (num_envs,)."""
        return self._envs * self.num_rows + rows

    def _advance(self, envs: torch.Tensor) -> None:
        """Move the heads of these environments one row on; the transition that started in the new row expires."""
        head = (self._head[envs] + 1) % self.num_rows
        expired = (self._starts[envs, self._first[envs]] == head) & (self._count[envs] > 0)
        self._head[envs] = head
        self._first[envs] = (self._first[envs] + expired) % self.num_rows
        self._count[envs] -= expired.long()

    def _write(self, obs: TensorDict | Mapping[str, torch.Tensor], envs: torch.Tensor) -> None:
        """Copy the observations of these environments into their head rows."""
        index = envs * self.num_rows + self._head[envs]
        for group, storage in self._obs.items():
            storage[index] = obs[group].to(self.device)[envs]
        self._has_step[index] = False

    def _check(self, obs: TensorDict | Mapping[str, torch.Tensor]) -> None:
        for group, shape in self.shapes.items():
            if group not in obs.keys():  # noqa: SIM118 - a TensorDict has no `in` of its own
                raise ValueError(f"observation group '{group}' is missing; got {sorted(obs.keys())}")
            if tuple(obs[group].shape) != (self.num_envs, *shape):
                raise ValueError(
                    f"observation group '{group}' must have shape {(self.num_envs, *shape)}, got"
                    f" {tuple(obs[group].shape)}"
                )

    def _tensors(self) -> dict[str, torch.Tensor]:
        queue = {"head": self._head, "starts": self._starts, "first": self._first, "count": self._count}
        step = {"actions": self._actions, "rewards": self._rewards, "terminated": self._terminated}
        groups = {f"obs/{group}": value for group, value in self._obs.items()}
        return {**groups, **step, "has_step": self._has_step, **queue}
