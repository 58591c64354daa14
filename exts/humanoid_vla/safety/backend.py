"""The few array operations that NumPy and torch call by other names; the filter writes everything else once for both.

Both libraries share `where`, `maximum`, `@` and, as torch takes NumPy's `axis`, reductions. ``xp`` is the library.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

Array = Any
"""A NumPy array or a torch tensor, as the backend says."""


class Backend(Protocol):
    """An array library, and where and how precisely it computes."""

    xp: Any

    def constant(self, values: np.ndarray) -> Array:
        """Floats of the backend's precision, or integers to index with."""
        ...

    def nearest(self, values: Array, count: int) -> Array:
        """Indices of the smallest values along the last axis, in no order: (..., n) -> (..., count)."""
        ...

    def take(self, values: Array, index: Array, axis: int) -> Array:
        """Entries along an axis at indices that all robots share, shape (k,)."""
        ...

    def pick(self, values: Array, index: Array) -> Array:
        """Columns at indices of their own for each robot: (batch, rows, n), (batch, k) -> (batch, rows, k)."""
        ...

    def contiguous(self, values: Array) -> Array:
        """The same values, one row behind the other in memory where that matters."""
        ...

    def rows_where(self, mask: Array) -> Array:
        """Indices of the true entries of a mask of shape (batch,)."""
        ...

    def detached(self, values: Array) -> Array:
        """The same values, without the gradients that may flow through them."""
        ...


def times(matrices: Array, vectors: Array) -> Array:
    """Products of matrices and vectors, (batch, k, n), (batch, n) -> (batch, k).

    Written as a sum: torch's batched product of a matrix and a vector takes the batch one by one on a CPU.
    """
    return (matrices * vectors[:, None]).sum(axis=-1)


class NumpyBackend:
    """NumPy in double precision: for one robot its calls cost the same in either precision."""

    xp = np

    def constant(self, values: np.ndarray) -> np.ndarray:
        values = np.asarray(values)
        kind = np.int64 if values.dtype.kind in "iu" else np.float64
        return np.ascontiguousarray(values, dtype=kind)

    def nearest(self, values: np.ndarray, count: int) -> np.ndarray:
        return values.argpartition(count - 1, axis=-1)[..., :count]

    def take(self, values: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
        return values.take(index, axis=axis)  # a third of what indexing in brackets costs

    def pick(self, values: np.ndarray, index: np.ndarray) -> np.ndarray:
        if len(values) == 1:
            return values.take(index[0], axis=2)
        batch, rows = np.arange(len(values))[:, None, None], np.arange(values.shape[1])[:, None]
        return values[batch, rows, index[:, None]]

    def contiguous(self, values: np.ndarray) -> np.ndarray:
        return values

    def rows_where(self, mask: np.ndarray) -> np.ndarray:
        return mask.nonzero()[0]

    def detached(self, values: np.ndarray) -> np.ndarray:
        return values
