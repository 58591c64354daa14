"""Ticks follow the measurements of a robot with its own clock, and stay regular where they cannot."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from humanoid_vla.runtime.arrival_ticker import MARGIN, ArrivalTicker
from humanoid_vla.runtime.mailbox import Mailbox

PERIOD = 0.01


class FakeTime:
    """A clock that sleeping moves, and measurements that arrive meanwhile."""

    def __init__(self, mailbox: Mailbox[int], period: float, phase: float) -> None:
        self.now = 0.0
        self._mailbox, self._period, self._phase = mailbox, period, phase

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        count = int((self.now - self._phase) // self._period)
        if count >= 0:
            self._mailbox.put(count, self._phase + count * self._period)


def run(monkeypatch: pytest.MonkeyPatch, period: float, phase: float, ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """When ticks began [s], and how old the measurement was that each could read [s]."""
    mailbox: Mailbox[int] = Mailbox()
    clock: Any = FakeTime(mailbox, period, phase)
    monkeypatch.setattr("humanoid_vla.runtime.ticker.time", clock)
    ticker = ArrivalTicker(PERIOD)
    ticker.measurements = mailbox
    ticker.start()
    times, ages = [], []
    for _ in range(ticks):
        times.append(ticker.wait())
        ages.append(times[-1] - ticker.read[1] if ticker.read else np.nan)
    assert ticker.overruns == 0
    return np.array(times), np.array(ages)


@pytest.mark.parametrize("phase", [0.0, 0.001, 0.002, 0.005, 0.0099])
def test_measurements_are_fresh_after_a_while(phase: float, monkeypatch: pytest.MonkeyPatch) -> None:
    times, ages = run(monkeypatch, PERIOD, phase, 400)
    # half a period away at most, which takes 100 ticks; the last tenth of a millisecond takes another 50
    np.testing.assert_allclose(ages[160:], MARGIN, atol=1e-4)
    # a tick is never much earlier or later than the others
    np.testing.assert_allclose(np.diff(times), PERIOD, atol=5.1e-5)
    np.testing.assert_allclose(np.diff(times[-100:]), PERIOD, atol=1e-5)


@pytest.mark.parametrize("period", [0.002, 0.0071, 0.02, 1 / 30])
def test_other_rates_do_no_harm(period: float, monkeypatch: pytest.MonkeyPatch) -> None:
    times, _ = run(monkeypatch, period, 0.003, 1000)
    np.testing.assert_allclose(np.diff(times), PERIOD, atol=5.1e-5)
    assert np.diff(times).mean() == pytest.approx(PERIOD, rel=5e-3)


def test_without_measurements_it_is_a_ticker() -> None:
    ticker = ArrivalTicker(PERIOD)
    begin = ticker.start()
    for count in range(1, 4):
        assert ticker.wait() >= begin + count * PERIOD
    assert ticker.read is None
    assert time.monotonic() >= begin + 3 * PERIOD
