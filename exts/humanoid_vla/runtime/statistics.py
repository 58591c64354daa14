"""How long things take: the last of them all, in memory that is there from the start."""

from __future__ import annotations

import numpy as np

KEPT = 65_536
"""Of a series; eleven minutes at 100 Hz."""


class Series:
    """Durations of one thing; percentiles are of the last :data:`KEPT`, the largest of all.

    Args:
        name: What takes so long.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.largest = 0.0
        self._values = np.zeros(KEPT)

    def add(self, seconds: float) -> None:
        """Note a duration [s]."""
        self._values[self.count % KEPT] = seconds
        self.count += 1
        if seconds > self.largest:
            self.largest = seconds

    def values(self) -> np.ndarray:
        """What is kept [s], the oldest first."""
        if self.count <= KEPT:
            return self._values[: self.count].copy()
        return np.roll(self._values, -(self.count % KEPT))

    def figures(self) -> dict[str, float]:
        """Median, 99th percentile and largest value [ms]; zeros where there is none."""
        if not self.count:
            return {"p50_ms": 0.0, "p99_ms": 0.0, "max_ms": 0.0}
        p50, p99 = np.percentile(self.values(), [50.0, 99.0])
        return {
            "p50_ms": round(1e3 * float(p50), 4),
            "p99_ms": round(1e3 * float(p99), 4),
            "max_ms": round(1e3 * self.largest, 4),
        }
