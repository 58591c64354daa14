"""Shuffled batches of transitions from a demonstration file of any size, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from humanoid_vla.demos.reader import DemoFile


class Transitions(NamedTuple):
    """A batch of B transitions (s, a, s')."""

    obs: dict[str, torch.Tensor]
    """Observation groups, (B, ...) each, of the file's types (images: uint8)."""
    actions: torch.Tensor
    """(B, A), in [-1, 1]; in chunks (B, chunk, A), this step's first."""
    next_obs: dict[str, torch.Tensor]
    """The same groups one step later; empty if they were not asked for."""
    terminated: torch.Tensor
    """(B,) bool: nothing comes after ``next_obs``. False where a time-out ended the episode."""


class TransitionBatches:
    """Iterating yields each transition once, in random order: one epoch; the next iteration is another order.

    Episodes are drawn in random order into a pool of rows, and the pool is shuffled whenever it is full. A file that
    fits into the pool is read once and shuffled perfectly; a larger one is read anew in each epoch.

    Args:
        file: Demonstrations.
        episodes: Indices into ``file.episodes``.
        batch_size: Transitions a batch; the last batch of an epoch may be smaller.
        seed: The same seed gives the same batches.
        next_obs: Read ``next_obs`` too; cloning does not need it.
        chunk: Steps whose actions are given at once; behind the end of an episode, or of the part of it that is in the
            pool, the last action repeats.
        memory: Bytes that the pool may take.

    Raises:
        ValueError: There are no episodes, or the batch size is not positive.
    """

    def __init__(
        self,
        file: DemoFile,
        episodes: Sequence[int],
        batch_size: int,
        seed: int,
        next_obs: bool = True,
        chunk: int = 1,
        memory: int = 384 * 2**20,
    ) -> None:
        if batch_size < 1 or not episodes:
            raise ValueError(f"{len(episodes)} episodes in batches of {batch_size}; both must be at least 1")
        self.file, self.episodes, self.batch_size = file, list(episodes), batch_size
        self.num_transitions = file.num_transitions(episodes)
        self._generator = torch.Generator().manual_seed(seed)
        wanted = ("obs/", "actions", "terminated", *(("next_obs/",) if next_obs else ()))
        fields = {path: field for path, field in file.fields.items() if path.startswith(wanted)}
        row_bytes = sum(int(np.prod(shape)) * dtype.itemsize for shape, dtype in fields.values())
        # whole batches, so that none is left over when the pool is filled anew
        rows = max(memory // row_bytes // batch_size, 1) * batch_size
        self._pool = {
            path: torch.from_numpy(np.empty((min(rows, self.num_transitions), *shape), dtype))
            for path, (shape, dtype) in fields.items()
        }
        self._rows = min(rows, self.num_transitions)
        self._offsets = torch.arange(chunk)
        self._steps_left = torch.zeros(self._rows, dtype=torch.long)  # behind each row, of its episode in the pool
        self._cached = False

    def __len__(self) -> int:
        """Batches an epoch."""
        return -(-self.num_transitions // self.batch_size)

    def __iter__(self) -> Iterator[Transitions]:
        for filled in self._fill_pool():
            order = torch.randperm(filled, generator=self._generator)
            for rows in order.split(self.batch_size):
                yield self._batch(rows)

    def _fill_pool(self) -> Iterator[int]:
        """Fill the pool over and over until every episode was in it; yields the number of rows it holds."""
        if self._cached:
            yield self._rows
            return
        filled = 0
        for position in torch.randperm(len(self.episodes), generator=self._generator).tolist():
            index = self.episodes[position]
            length, start = self.file.episodes[index].length, 0
            while start < length:  # an episode may be larger than what is left of the pool
                count = min(length - start, self._rows - filled)
                rows = {path: values[filled : filled + count] for path, values in self._pool.items()}
                self.file.read_rows(index, start, rows)
                self._steps_left[filled : filled + count] = torch.arange(count - 1, -1, -1)
                start, filled = start + count, filled + count
                if filled == self._rows:
                    self._cached = self._rows == self.num_transitions
                    yield filled
                    filled = 0
        if filled:
            yield filled

    def _batch(self, rows: torch.Tensor) -> Transitions:
        chosen = {path: values[rows] for path, values in self._pool.items()}
        if len(self._offsets) > 1:
            steps = torch.minimum(self._offsets, self._steps_left[rows].unsqueeze(1))  # (B, chunk)
            chosen["actions"] = self._pool["actions"][rows.unsqueeze(1) + steps]
        groups = {
            key: {path[len(key) :]: values for path, values in chosen.items() if path.startswith(key)}
            for key in ("obs/", "next_obs/")
        }
        return Transitions(groups["obs/"], chosen["actions"], groups["next_obs/"], chosen["terminated"].bool())
