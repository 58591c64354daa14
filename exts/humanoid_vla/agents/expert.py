"""An expert's transitions, ready to draw from."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch

from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.demos.batches import TransitionBatches
from humanoid_vla.demos.reader import DemoFile


class Expert:
    """All transitions of a demonstration file, on the learner's device: what it holds must fit there.

    Args:
        path: Demonstration file, see :mod:`humanoid_vla.demos.layout`.
        groups: Observation groups to read.
        buffer: Where the learner's own transitions go; the expert's must be of the same kind.

    Raises:
        ValueError: If there is no such file, it cannot be used, or its observations or actions are of another robot or
            task; one line.
    """

    def __init__(self, path: str | None, groups: Sequence[str], buffer: ReplayBuffer) -> None:
        if not path:
            raise ValueError(
                "imitation needs demonstrations: set agent.algorithm.demonstrations=FILE.hdf5, and record the file with"
                " scripts/record_demos.py"
            )
        file = DemoFile(path)
        file.check_shapes({group: buffer.shapes[group] for group in groups}, buffer.num_actions)
        self.num_transitions = file.num_transitions()
        everything = range(len(file.episodes))
        batches = TransitionBatches(file, everything, self.num_transitions, seed=0, memory=sys.maxsize)
        (rows,) = batches
        device = buffer.device
        self._obs = {group: rows.obs[group].to(device, buffer.dtypes[group]) for group in groups}
        self._next_obs = {group: rows.next_obs[group].to(device, buffer.dtypes[group]) for group in groups}
        self._actions = rows.actions.to(device, torch.float32)
        self._terminated = rows.terminated.to(device, torch.float32)

    def sample(self, batch_size: int) -> Batch:
        """Transitions drawn uniformly with replacement; rewards and discounts, which imitation does not read, are 0."""
        index = torch.randint(self.num_transitions, (batch_size,), device=self._actions.device)
        nothing = torch.zeros(batch_size, device=self._actions.device)
        return Batch(
            obs={group: value.index_select(0, index) for group, value in self._obs.items()},
            actions=self._actions.index_select(0, index),
            rewards=nothing,
            next_obs={group: value.index_select(0, index) for group, value in self._next_obs.items()},
            terminated=self._terminated.index_select(0, index),
            discounts=nothing,
        )
