"""A checked demonstration file and the split of its episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import torch

from humanoid_vla.demos.checks import check_file, complaints


class DemoFile:
    """A demonstration file that was checked from end to end; layout: :mod:`humanoid_vla.demos.layout`.

    Args:
        path: HDF5 file.
        task: Task that the demonstrations must be of; any if ``None``.

    Raises:
        ValueError: The file cannot be used; one line names it, what is wrong, and the remedy.
    """

    def __init__(self, path: str | Path, task: str | None = None) -> None:
        self.path = Path(path)
        self.task, self.episodes, self.fields = check_file(self.path, task)

    @property
    def obs_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each observation group without the batch dimension, in the file's order."""
        return {path[4:]: shape for path, (shape, _) in self.fields.items() if path.startswith("obs/")}

    @property
    def action_dim(self) -> int:
        """Actions a step, A."""
        return self.fields["actions"][0][0]

    def check_shapes(self, obs: Mapping[str, tuple[int, ...]], action_dim: int) -> None:
        """Check that these are a task's observations and actions.

        Args:
            obs: Observation group -> shape of one, of the groups that will be read.
            action_dim: Number of actions.

        Raises:
            ValueError: One line that names the first difference.
        """
        wanted = {f"observation group '{group}'": shape for group, shape in obs.items()} | {"action": (action_dim,)}
        found = {f"observation group '{group}'": shape for group, shape in self.obs_shapes.items()}
        found["action"] = (self.action_dim,)
        for name, shape in wanted.items():
            if found.get(name) != shape:
                raise ValueError(
                    f"demonstrations '{self.path}' are of {self.task}: the {name} has shape {found.get(name)} there and"
                    f" {shape} here; name another file, or record it again with scripts/record_demos.py"
                )

    def num_transitions(self, episodes: Sequence[int] | None = None) -> int:
        """Steps of the given episodes (indices into ``episodes``), or of all."""
        chosen = range(len(self.episodes)) if episodes is None else episodes
        return sum(self.episodes[index].length for index in chosen)

    def split(self, held_out: float, seed: int) -> tuple[list[int], list[int]]:
        """Draw episodes to hold out of training: whole ones, for neighbouring steps are near copies of each other.

        Args:
            held_out: Fraction of the episodes; at least one episode unless it is 0.
            seed: The same seed draws the same episodes.

        Returns:
            Indices of the episodes to train on, and of those held out.

        Raises:
            ValueError: ``held_out`` is not in [0, 1), or nothing would be left to train on.
        """
        if not 0.0 <= held_out < 1.0:
            raise ValueError(f"the held-out fraction is {held_out}; it must be at least 0 and less than 1")
        total = len(self.episodes)
        count = max(round(held_out * total), 1) if held_out > 0.0 else 0
        if count >= total:
            raise ValueError(
                f"demonstrations '{self.path}': {total} episodes cannot be split into training and {held_out} held out;"
                " record more with scripts/record_demos.py"
            )
        order = torch.randperm(total, generator=torch.Generator().manual_seed(seed)).tolist()
        return sorted(order[count:]), sorted(order[:count])

    def read_rows(self, index: int, start: int, into: dict[str, torch.Tensor]) -> None:
        """Read consecutive steps of an episode, without a copy in between.

        Args:
            index: Episode, an index into ``episodes``.
            start: First step to read.
            into: Path in the episode's group -> CPU tensor (n, ...) of the file's type to fill with n steps.

        Raises:
            ValueError: The file was damaged since it was checked.
        """
        with complaints(self.path), h5py.File(self.path, "r") as file:
            for path, rows in into.items():
                array = file[f"data/{self.episodes[index].name}/{path}"]
                assert isinstance(array, h5py.Dataset)
                array.read_direct(rows.numpy(), source_sel=slice(start, start + len(rows)))
