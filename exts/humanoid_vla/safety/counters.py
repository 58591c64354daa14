"""How often each stage of the filter acted, and by how much."""

from __future__ import annotations

import numpy as np

from humanoid_vla.safety.backend import Array, Backend

FLAGS = ("missing", "invalid", "slowed")
"""Measurements were missing; targets were not finite; constraints contradicted each other and the robot held back."""
STAGES = ("rate", "effort", "range", "collision")
"""Stages that change targets."""
NOTICEABLE = 1e-6
"""Smaller changes are rounding [rad]."""


class Counters:
    """Sums over the steps of all robots, kept where the filter computes; :meth:`figures` reads them.

    Args:
        backend: The array library.
        ranges: Width of each joint's usable range [rad], shape (n,).
    """

    def __init__(self, backend: Backend, ranges: Array) -> None:
        self._xp, self._detached, self._ranges = backend.xp, backend.detached, ranges
        self._zeros = backend.constant(np.zeros(len(FLAGS) + len(STAGES) + 1))
        self.clear()

    def clear(self) -> None:
        """Begin counting anew."""
        self._steps = 0
        self._sums = self._zeros
        self._largest = self._zeros[: len(STAGES)]

    def add(self, change: Array, **happened: Array) -> None:
        """Count a step.

        Args:
            change: What the whole filter changed [rad], shape (batch, n).
            happened: Flags, (batch,), and changes of targets [rad], (batch, n), of all stages by name.
        """
        xp = self._xp
        changes = self._detached(xp.concatenate([happened[stage][None] for stage in STAGES]))  # (stages, batch, n)
        most = xp.amax(xp.abs(changes), axis=-1)  # (stages, batch)
        flags = [happened[flag][None] for flag in FLAGS]
        acted = xp.concatenate((*flags, most > NOTICEABLE)).sum(axis=-1)
        share = self._detached(change) / self._ranges
        self._sums = self._sums + xp.concatenate((acted, (share * share).sum()[None] / share.shape[1]))
        self._largest = xp.maximum(self._largest, xp.amax(most, axis=-1))
        self._steps += len(change)

    def figures(self) -> dict[str, float]:
        """Robot steps; the share of them in which each flag was set and each stage acted; each stage's largest change.

        ``change_rms`` is the root mean square of what the whole filter changed, as a share of the joints' ranges.
        """
        *acted, squares = self._sums.tolist()
        steps = max(self._steps, 1)
        figures: dict[str, float] = {"steps": self._steps}
        figures |= {name: value / steps for name, value in zip((*FLAGS, *STAGES), acted, strict=True)}
        figures |= {f"{stage}_max": value for stage, value in zip(STAGES, self._largest.tolist(), strict=True)}
        return figures | {"change_rms": (squares / steps) ** 0.5}
