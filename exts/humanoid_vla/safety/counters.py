"""How often each stage of the filter acted, and by how much."""

from __future__ import annotations

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
        self._xp, self._ranges = backend.xp, ranges
        self._zeros = backend.xp.zeros_like(ranges[: len(FLAGS) + 2 * len(STAGES)])
        self.clear()

    def clear(self) -> None:
        """Begin counting anew."""
        self._steps = 0
        self._sums = self._zeros
        self._largest = self._zeros[: len(STAGES)]

    def add(self, **happened: Array) -> None:
        """Count a step: flags, (batch,), and changes of targets [rad], (batch, n), of all stages by name."""
        xp = self._xp
        changes = xp.stack([xp.abs(happened[stage]) for stage in STAGES])  # (stages, batch, n)
        acted = xp.stack([happened[flag] for flag in FLAGS]).sum(axis=1)
        most = xp.amax(changes, axis=-1)  # (stages, batch)
        squares = ((changes / self._ranges) ** 2).mean(axis=-1).sum(axis=-1)
        self._sums = self._sums + xp.concatenate((acted, (most > NOTICEABLE).sum(axis=-1), squares))
        self._largest = xp.maximum(self._largest, xp.amax(most, axis=-1))
        self._steps += changes.shape[1]

    def figures(self) -> dict[str, float]:
        """Robot steps; for each flag and stage the share of them in which it acted; for each stage the largest change.

        ``<stage>_rms`` is the root mean square of a stage's changes, as a share of the joints' ranges.
        """
        sums, largest = self._sums.tolist(), self._largest.tolist()
        steps = max(self._steps, 1)
        figures: dict[str, float] = {"steps": self._steps}
        figures |= {name: value / steps for name, value in zip((*FLAGS, *STAGES), sums, strict=False)}
        squares = sums[len(FLAGS) + len(STAGES) :]
        figures |= {f"{stage}_rms": (value / steps) ** 0.5 for stage, value in zip(STAGES, squares, strict=True)}
        return figures | {f"{stage}_max": value for stage, value in zip(STAGES, largest, strict=True)}
