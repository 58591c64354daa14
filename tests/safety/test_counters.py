"""What is counted, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from humanoid_vla.safety.backend import Backend, NumpyBackend
from humanoid_vla.safety.counters import FLAGS, STAGES, Counters
from humanoid_vla.safety.torch_backend import TorchBackend

NO_CHANGE = np.zeros((2, 3))


def count(counters: Counters, backend: Backend, change: np.ndarray = NO_CHANGE, **happened: list) -> None:
    """A step of two robots with three joints; what is not given did not happen."""
    flags = {name: np.array(happened.get(name, [0.0, 0.0])) for name in FLAGS}
    stages = {name: np.array(happened.get(name, NO_CHANGE)) for name in STAGES}
    every = {name: backend.constant(values) for name, values in {**flags, **stages}.items()}
    every |= {name: every[name] > 0.5 for name in FLAGS}
    counters.add(backend.constant(change), **every)


@pytest.fixture(params=[NumpyBackend(), TorchBackend(dtype=torch.float64)], ids=["numpy", "torch"])
def backend(request: pytest.FixtureRequest) -> Backend:
    return request.param


@pytest.fixture
def counters(backend: Backend) -> Counters:
    return Counters(backend, backend.constant(np.array([1.0, 2.0, 4.0])))


def test_nothing_happened_yet(counters: Counters) -> None:
    figures = counters.figures()
    assert list(figures) == ["steps", *FLAGS, *STAGES, *(f"{stage}_max" for stage in STAGES), "change_rms"]
    assert set(figures.values()) == {0.0}


def test_shares_of_robot_steps_and_largest_changes(counters: Counters, backend: Backend) -> None:
    count(counters, backend, missing=[1.0, 0.0], rate=[[0.1, -0.5, 0.0], [0.0, 0.0, 0.2]], slowed=[1.0, 1.0])
    count(
        counters, backend, missing=[0.0, 1.0], rate=[[0.0, 0.3, 0.0], [0.0, 0.0, 0.0]], collision=[[0, 0, 2.0], [0] * 3]
    )
    figures = counters.figures()
    assert figures["steps"] == 4
    expected = {"missing": 2 / 4, "invalid": 0.0, "slowed": 2 / 4, "rate": 3 / 4, "collision": 1 / 4, "effort": 0.0}
    assert {name: figures[name] for name in expected} == expected
    assert [figures[f"{stage}_max"] for stage in STAGES] == [0.5, 0.0, 0.0, 2.0]


def test_changes_count_as_shares_of_ranges(counters: Counters, backend: Backend) -> None:
    # shares 0.5, 0.25, 0 of the first robot: mean square (0.25 + 0.0625) / 3; 0 and 0 and 1 of the second: 1 / 3
    count(counters, backend, change=np.array([[0.5, -0.5, 0.0], [0.0, 0.0, 4.0]]))
    count(counters, backend)
    assert counters.figures()["change_rms"] == pytest.approx(math.sqrt((0.3125 + 1.0) / 3 / 4))


def test_rounding_is_no_change(counters: Counters, backend: Backend) -> None:
    count(counters, backend, effort=[[9e-7, -9e-7, 0.0], [0.0, 1.1e-6, 0.0]])
    assert counters.figures()["effort"] == 1 / 2


def test_clearing_begins_anew(counters: Counters, backend: Backend) -> None:
    before = counters.figures()
    count(counters, backend, change=np.ones((2, 3)), invalid=[1.0, 0.0], range=[[1.0] * 3] * 2)
    assert counters.figures() != before
    counters.clear()
    assert counters.figures() == before


def test_they_hold_no_graph() -> None:
    backend = TorchBackend(dtype=torch.float64)
    counters = Counters(backend, torch.ones(3, dtype=torch.float64))
    change = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    flags = dict.fromkeys(FLAGS, torch.zeros(2, dtype=torch.bool))
    counters.add(2.0 * change, **flags, **dict.fromkeys(STAGES, 3.0 * change))
    assert not counters._sums.requires_grad
    assert not counters._largest.requires_grad
