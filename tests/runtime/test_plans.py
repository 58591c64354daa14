"""Chunks of actions: which row is for now, and what several of them say together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from humanoid_vla.policies.chunking import TemporalEnsemble
from humanoid_vla.runtime.plans import Overlap, Plan

CHUNK, WIDTH = 5, 3


def test_rows_follow_each_other_at_the_policys_rate() -> None:
    values = np.zeros((CHUNK, WIDTH))
    plan = Plan(values, values, stamp=100.0, seconds=0.0)
    rows = [plan.row(100.0 + late, 0.1) for late in (-0.01, 0.0, 0.05, 0.15, 0.45, 3.0)]
    assert rows == [0, 0, 0, 1, 4, 4]  # the last one is held


def test_overlap_is_the_average_of_training() -> None:
    rng, overlap = np.random.default_rng(0), Overlap((CHUNK, WIDTH), decay=0.3)
    ensemble = TemporalEnsemble(CHUNK, WIDTH, decay=0.3)
    for step in range(12):
        chunk = rng.normal(size=(CHUNK, WIDTH))
        expected = ensemble(torch.tensor(chunk, dtype=torch.float)[None])[0].numpy()
        assert overlap.add(chunk, step)[0] == pytest.approx(expected, abs=1e-6)


def test_what_was_said_counts_for_the_step_it_was_said_of() -> None:
    overlap = Overlap((CHUNK, 1), decay=0.0)
    overlap.add(np.arange(5.0)[:, None], 10)  # of steps 10 to 14
    plan = overlap.add(np.full((CHUNK, 1), 10.0), 13)  # two steps were left out
    assert plan[:, 0].tolist() == [6.5, 7.0, 10.0, 10.0, 10.0]
    assert overlap.add(np.ones((CHUNK, 1)), 50)[:, 0].tolist() == [1.0] * CHUNK  # nothing was said of these yet
    overlap.reset()
    assert overlap.add(np.zeros((CHUNK, 1)), 51).tolist() == [[0.0]] * CHUNK
