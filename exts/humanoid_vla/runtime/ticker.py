"""When ticks begin: at deadlines that were fixed when the loop began."""

from __future__ import annotations

import time
from typing import Protocol


class Clockwork(Protocol):
    """What wakes a loop."""

    index: int
    """Number of the deadline that the current tick belongs to; the first tick is 0."""
    deadline: float
    """That deadline [s of ``time.monotonic()``]."""
    lateness: float
    """How long after the deadline that was due the current tick began [s]."""
    overruns: int
    """Deadlines that passed without a tick of their own."""

    def start(self) -> float:
        """The first deadline is now; returns it [s]."""
        ...

    def wait(self) -> float:
        """Sleep until the next deadline; returns the time at which the tick begins [s]."""
        ...


class Ticker:
    """Deadlines lie ``period`` apart from the first on, whatever happens: errors of sleeping do not add up.

    Where one passes, its tick is skipped and counted. Ticks never follow each other faster to catch up: the robot would
    get the targets of a while in a moment.

    Args:
        period: From one deadline to the next [s].

    Raises:
        ValueError: If the period is not a positive number.
    """

    def __init__(self, period: float) -> None:
        if not 0.0 < period < float("inf"):
            raise ValueError(f"the period must be a positive number of seconds, got {period}")
        self.period = period
        self._begin = self.deadline = self.lateness = 0.0
        self.index = self.overruns = 0

    def start(self) -> float:
        self._begin = self.deadline = time.monotonic()
        self.lateness = 0.0
        self.index = self.overruns = 0
        return self._begin

    def wait(self) -> float:
        due = self._begin + (self.index + 1) * self.period
        while (now := time.monotonic()) < due:
            time.sleep(due - now)
        self.lateness = now - due
        missed = int(self.lateness / self.period)
        self.overruns += missed
        self.index += 1 + missed
        self.deadline = self._begin + self.index * self.period
        return now
