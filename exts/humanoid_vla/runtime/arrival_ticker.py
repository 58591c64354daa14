"""Ticks that begin shortly after measurements arrive, for robots whose measurements come from another computer."""

from __future__ import annotations

from typing import Any

from humanoid_vla.runtime.mailbox import Mailbox
from humanoid_vla.runtime.ticker import Ticker

MARGIN = 0.0015
"""How old a measurement should be when its tick begins [s]: what is late by no more still is in time for it."""
GAIN = 0.05
"""Share of the error that a tick corrects ..."""
LARGEST_STEP = 5e-5
"""... but not by more than this [s]."""


class ArrivalTicker(Ticker):
    """Moves the deadlines of :class:`.ticker.Ticker` until the latest measurement is fresh at each of them.

    Where robot and loop have the same rate, a measurement would else wait up to a period for the next tick, and always
    equally long. Where measurements come faster, or at another rate, it changes periods by up to 50 us, and does not
    matter.

    Args:
        period: From one deadline to the next [s].
    """

    def __init__(self, period: float) -> None:
        super().__init__(period)
        self.measurements: Mailbox[Any] | None = None
        """Where they come in."""
        self.read: tuple[Any, float] | None = None
        """The latest measurement when the tick began, and its stamp."""

    def wait(self) -> float:
        now = super().wait()
        if self.measurements is not None and (latest := self.measurements.latest()) is not None:
            self.read = latest
            age = self.deadline - latest[1]
            if 0.0 <= age < self.period:  # else none came, or one came while this tick was late
                error = age - MARGIN
                if error > 0.5 * self.period:  # nearer to the next measurement than to this one
                    error -= self.period
                self._begin -= min(max(GAIN * error, -LARGEST_STEP), LARGEST_STEP)
        return now
