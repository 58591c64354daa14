"""The few array operations that NumPy and torch call by other names; everything else the filter writes once for both.

Both libraries share `where`, `clip`, `stack`, `@` and, as torch takes NumPy's `axis`, reductions. ``xp`` is the library.
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

    def pick(self, values: Array, index: Array) -> Array:
        """Values at indices along the last axis: (..., n), (..., k) -> (..., k); leading axes are broadcast."""
        ...

    def rows_where(self, mask: Array) -> Array:
        """Indices of the true entries of a mask of shape (batch,)."""
        ...


class NumpyBackend:
    """NumPy in double precision: for one robot its calls cost the same in either precision."""

    xp = np

    def constant(self, values: np.ndarray) -> np.ndarray:
        values = np.asarray(values)
        kind = np.int64 if values.dtype.kind in "iu" else np.float64
        return np.ascontiguousarray(values, dtype=kind)

    def nearest(self, values: np.ndarray, count: int) -> np.ndarray:
        return values.argpartition(count - 1, axis=-1)[..., :count]

    def pick(self, values: np.ndarray, index: np.ndarray) -> np.ndarray:
        shape = np.broadcast_shapes(values.shape[:-1], index.shape[:-1])
        values, index = (
            np.broadcast_to(values, (*shape, values.shape[-1])),
            np.broadcast_to(index, (*shape, index.shape[-1])),
        )
        return np.take_along_axis(values, index, axis=-1)

    def rows_where(self, mask: np.ndarray) -> np.ndarray:
        return mask.nonzero()[0]
