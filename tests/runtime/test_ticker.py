"""Deadlines that lie fast, whatever happens between them."""

from __future__ import annotations

import time

import pytest

from humanoid_vla.runtime.ticker import Ticker

PERIOD = 0.01


def test_errors_do_not_add_up() -> None:
    ticker = Ticker(PERIOD)
    begin = ticker.start()
    for _ in range(50):
        now = ticker.wait()
        assert now >= ticker.deadline
        # on a grid that began with the first tick
        assert ticker.deadline == begin + ticker.index * PERIOD
        assert now - ticker.deadline < PERIOD
    assert ticker.index == 50 + ticker.overruns


def test_overruns_are_skipped_and_counted() -> None:
    ticker = Ticker(PERIOD)
    begin = ticker.start()
    time.sleep(5.5 * PERIOD)
    now = ticker.wait()
    # it was due at 1; 2 to 5 (or more, if the sleep was longer) have passed since, and the last of them is this tick
    assert ticker.index == int((now - begin) / PERIOD)
    assert ticker.overruns == ticker.index - 1 >= 4
    assert ticker.lateness == pytest.approx(now - begin - PERIOD)
    # no burst: the next one is on the grid again
    index = ticker.index
    assert ticker.wait() >= begin + (index + 1) * PERIOD


@pytest.mark.parametrize("period", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_periods_are_refused(period: float) -> None:
    with pytest.raises(ValueError, match="the period must be a positive number"):
        Ticker(period)
