"""What a control loop did: how well it kept time, what the filter changed, which states it went through."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from humanoid_vla.runtime.jitter import draw_jitter


@dataclass(frozen=True)
class Transition:
    """A state that began, or its new reason."""

    at_s: float  # since the loop began [s]
    state: str
    reason: str


@dataclass(frozen=True)
class LoopReport:
    """Figures of a run; times in ms where the name says so."""

    seconds: float  # that it ran [s]
    rate: float  # that was asked for [Hz]
    ticks: int
    mean_period_ms: float  # from one tick to the next
    drift_ms: float  # of the last tick against where the first tick and the rate put it
    p99_late_ms: float  # how long after its deadline a tick began
    max_late_ms: float
    overruns: int  # deadlines that passed without a tick of their own
    stages: dict[str, dict[str, float]]  # median, 99th percentile and largest duration of each part of a tick
    policy: dict[str, Any]  # its rate, its steps that came late, how long observing and deciding took
    filter: dict[str, float]  # see humanoid_vla.safety.counters
    threads: dict[str, str]  # what the system permitted
    states: list[Transition]
    commands: int  # targets that were sent
    lateness: np.ndarray = field(repr=False)  # of each tick [s]; the newest where there are many

    @property
    def state(self) -> str:
        """The last one."""
        return self.states[-1].state

    @property
    def reason(self) -> str:
        """Why."""
        return self.states[-1].reason

    def figures(self) -> dict[str, Any]:
        """All of it as plain JSON, without the single ticks."""
        figures = asdict(self)
        del figures["lateness"]
        return figures

    def draw(self, path: Path) -> None:
        """Write a histogram of lateness as PNG; see :func:`.jitter.draw_jitter`."""
        draw_jitter({"loop": self.lateness}, path)
