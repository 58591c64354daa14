"""The few operations that NumPy and torch call by other names; and what the filter does without."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from humanoid_vla.safety.backend import Backend, NumpyBackend, times
from humanoid_vla.safety.torch_backend import TorchBackend


@pytest.fixture(params=[NumpyBackend(), TorchBackend(), TorchBackend(dtype=torch.float64)], ids=["numpy", "f32", "f64"])
def backend(request: pytest.FixtureRequest) -> Backend:
    return request.param


def test_constants_keep_integers_and_give_floats_their_precision(backend: Backend) -> None:
    assert str(backend.constant(np.array([1, 2], dtype=np.int32)).dtype).endswith("int64")
    dtype = str(backend.constant(np.array([1.0], dtype=np.float32)).dtype)
    assert dtype.endswith(
        "float32" if isinstance(backend, TorchBackend) and backend.dtype == torch.float32 else "float64"
    )


def test_nearest_are_the_smallest_by_row(backend: Backend) -> None:
    index = backend.nearest(backend.constant(np.array([[3.0, 1.0, 2.0, 9.0], [0.0, 8.0, -7.0, 5.0]])), 2)
    assert [sorted(row) for row in index.tolist()] == [[1, 2], [0, 2]]
    every = backend.nearest(backend.constant(np.array([[3.0, 1.0]])), 2)
    assert sorted(every[0].tolist()) == [0, 1]


def test_picks_are_of_each_robot(backend: Backend) -> None:
    values = backend.constant(np.arange(12.0).reshape(2, 2, 3))
    picked = backend.pick(values, backend.constant(np.array([[2, 0], [1, 1]])))
    assert picked.tolist() == [[[2.0, 0.0], [5.0, 3.0]], [[7.0, 7.0], [10.0, 10.0]]]


def test_rows_where_a_mask_is_true(backend: Backend) -> None:
    assert backend.rows_where(backend.constant(np.array([0.0, 2.0, 0.0, 5.0])) > 1.0).tolist() == [1, 3]


def test_products_of_matrices_and_vectors(backend: Backend) -> None:
    matrices = backend.constant(np.arange(12.0).reshape(2, 3, 2))
    vectors = backend.constant(np.array([[1.0, 2.0], [3.0, -1.0]]))
    assert times(matrices, vectors).tolist() == [[2.0, 8.0, 14.0], [11.0, 15.0, 19.0]]


def test_rows_lie_behind_each_other(backend: Backend) -> None:
    swapped = backend.constant(np.arange(6.0).reshape(2, 3)).swapaxes(0, 1)
    values = backend.contiguous(swapped)
    assert values.tolist() == swapped.tolist()
    assert not isinstance(backend, TorchBackend) or values.is_contiguous()


@pytest.mark.parametrize("module", ["filter", "backend", "pairs"])
def test_it_runs_without_torch_and_without_a_simulator(module: str) -> None:
    """A robot's computer has neither."""
    program = f"import sys, humanoid_vla.safety.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert f"humanoid_vla.safety.{module}" in loaded
    assert "numpy" in loaded
    tops = {name.split(".")[0] for name in loaded}
    assert not tops & {"torch", "isaaclab", "warp", "newton", "pxr", "scipy", "mujoco", "gymnasium"}
