"""The left-right mirror of a humanoid: what a robot seen in a mirror would observe and do.

Positions and velocities mirror in the plane y = 0, left and right joints swap, and joints that roll or yaw turn the
other way. Learners use it to see every transition twice (Mittal et al., "Symmetry considerations for learning task
symmetric robot policies", ICRA 2024).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


class Mirror:
    """A signed permutation of the entries of a vector: mirrored[i] = sign[i] * vector[source[i]].

    Args:
        sources: Index of the entry that each mirrored entry comes from.
        signs: 1 or -1 for each mirrored entry.

    Raises:
        ValueError: If mirroring twice does not give the vector back.
    """

    def __init__(self, sources: Sequence[int], signs: Sequence[float]) -> None:
        self.sources, self.signs = list(sources), list(signs)
        entries = range(len(self.sources))
        if any(self.sources[self.sources[i]] != i or self.signs[i] * self.signs[self.sources[i]] != 1 for i in entries):
            raise ValueError(f"mirroring twice must change nothing: sources {self.sources}, signs {self.signs}")
        self._source = torch.tensor(self.sources, dtype=torch.long)
        self._sign = torch.tensor(self.signs)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Mirrored vectors, shape (..., len(self))."""
        if self._source.device != x.device:  # the first call on a GPU
            self._source, self._sign = self._source.to(x.device), self._sign.to(x.device)
        return x.index_select(-1, self._source) * self._sign

    def __len__(self) -> int:
        return len(self.sources)


def joints(names: Sequence[str]) -> Mirror:
    """Mirror of one value a joint: positions, velocities, targets or actions, in the order of ``names``.

    Raises:
        ValueError: If a name is neither a pitch, a roll, a yaw nor a knee or elbow, or its other side is missing.
    """
    swapped = [_other_side(name) for name in names]
    missing = sorted(set(swapped) - set(names))
    if missing:
        raise ValueError(f"joints without their other side: {missing}")
    return Mirror([names.index(name) for name in swapped], [_turning_sign(name) for name in names])


def points(count: int) -> Mirror:
    """Mirror of ``count`` positions or vectors (x, y, z): y changes its sign."""
    return Mirror(range(3 * count), [1.0, -1.0, 1.0] * count)


def turns(count: int) -> Mirror:
    """Mirror of ``count`` angular velocities (x, y, z): those about x and z change their signs."""
    return Mirror(range(3 * count), [-1.0, 1.0, -1.0] * count)


def opposite(count: int) -> Mirror:
    """Mirror of ``count`` values that change their signs."""
    return Mirror(range(count), [-1.0] * count)


def swapped(mirror: Mirror) -> Mirror:
    """Mirror of a left and a right block, each of which mirrors as given: the blocks change places."""
    size = len(mirror)
    left = [size + source for source in mirror.sources]
    return Mirror([*left, *mirror.sources], [*mirror.signs, *mirror.signs])


def unchanged(count: int) -> Mirror:
    """Mirror of ``count`` values that have no side."""
    return Mirror(range(count), [1.0] * count)


def side_by_side(*mirrors: Mirror) -> Mirror:
    """Mirror of vectors that lie one after the other."""
    sources: list[int] = []
    signs: list[float] = []
    for mirror in mirrors:
        offset = len(signs)
        sources += [offset + source for source in mirror.sources]
        signs += mirror.signs
    return Mirror(sources, signs)


def _other_side(name: str) -> str:
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


def _turning_sign(name: str) -> float:
    if "_roll" in name or "_yaw" in name:
        return -1.0
    if "_pitch" in name or "_knee" in name or "_elbow" in name:
        return 1.0
    raise ValueError(f"joint '{name}' names no axis: pitch, roll, yaw, knee and elbow are known")
