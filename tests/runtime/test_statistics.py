"""Durations, and what helps a thread to keep time."""

from __future__ import annotations

import gc
import os
import sys
import threading

import numpy as np
import pytest

from humanoid_vla.runtime.statistics import KEPT, Series
from humanoid_vla.runtime.thread_settings import SWITCH_INTERVAL, keep_time


def test_percentiles() -> None:
    series = Series("anything")
    assert series.figures() == {"p50_ms": 0.0, "p99_ms": 0.0, "max_ms": 0.0}
    for number in range(101):
        series.add(1e-3 * number)
    assert series.figures() == pytest.approx({"p50_ms": 50.0, "p99_ms": 99.0, "max_ms": 100.0})


def test_the_last_ones_are_kept_and_the_largest_of_all() -> None:
    series = Series("anything")
    series.add(7.0)
    for number in range(KEPT + 1):
        series.add(float(number % 2))
    assert series.count == KEPT + 2
    assert series.largest == 7.0
    assert np.array_equal(series.values()[-2:], [1.0, 0.0])
    assert series.values().max() == 1.0


def test_what_was_set_is_set_back() -> None:
    interval, cores, scheduler = sys.getswitchinterval(), os.sched_getaffinity(0), os.sched_getscheduler(0)
    found: list[int] = []
    with keep_time(realtime=True, core=min(cores)) as report:
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)
        assert os.sched_getaffinity(0) == {min(cores)}
        assert gc.get_freeze_count() > 0
        permitted = os.sched_getscheduler(0) & os.SCHED_FIFO
        assert ("not permitted" not in report["scheduler"]) == bool(permitted)
        # other threads are not made real-time threads along with it
        thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
        thread.start()
        thread.join()
    assert found == [os.SCHED_OTHER]
    assert (sys.getswitchinterval(), os.sched_getaffinity(0)) == (interval, cores)
    assert os.sched_getscheduler(0) == scheduler
    assert gc.get_freeze_count() == 0


def test_what_is_not_permitted_is_said() -> None:
    with keep_time(realtime=False, core=4000) as report:
        assert report["cores"].startswith("core 4000: not permitted")
