"""Pictures of any size made as small as a policy reads them."""

from __future__ import annotations

import numpy as np


class Shrink:
    """From a picture to one of the size that a policy reads: its middle, averaged over areas.

    What the policy's picture is wider or higher in shape is cut off the given one on both sides alike, so its shorter
    side must see what the policy's camera saw.

    Args:
        height: Of the policy's picture [px].
        width: Of the policy's picture [px].
    """

    def __init__(self, height: int, width: int) -> None:
        self._size = height, width
        self._given: tuple[int, int] | None = None
        self._crop = slice(None), slice(None)
        self._rows = self._columns = np.empty(0, np.float32)

    def __call__(self, picture: np.ndarray, out: np.ndarray) -> None:
        """Shrink a picture.

        Args:
            picture: Shape (H, W, 3), uint8.
            out: Where it goes, shape (height, width, 3), uint8.

        Raises:
            ValueError: If it is no such picture.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
            raise ValueError(f"a picture must be (H, W, 3) uint8, got {picture.shape} {picture.dtype}")
        if picture.shape[:2] == self._size:
            out[:] = picture
            return
        if picture.shape[:2] != self._given:
            self._prepare(*picture.shape[:2])
        cut = picture[self._crop].astype(np.float32)
        height, width = self._size
        # rows first: few rows are left for the columns
        rows = self._rows @ cut.reshape(len(cut), -1)  # (height, W * 3)
        shrunk = self._columns @ rows.reshape(height, -1, 3)  # (height, width, 3)
        np.rint(shrunk, out=shrunk)
        out[:] = shrunk.reshape(height, width, 3)

    def _prepare(self, height: int, width: int) -> None:
        scale = min(height / self._size[0], width / self._size[1])
        kept = [max(round(scale * size), 1) for size in self._size]
        top, left = (height - kept[0]) // 2, (width - kept[1]) // 2
        self._crop = slice(top, top + kept[0]), slice(left, left + kept[1])
        self._rows, self._columns = (_averages(*sizes) for sizes in zip(kept, self._size, strict=True))
        self._given = height, width


def _averages(given: int, wanted: int) -> np.ndarray:
    """How much of each given pixel is in each wanted one, shape (wanted, given); every row sums to 1."""
    edges = np.linspace(0.0, given, wanted + 1)
    pixels = np.arange(given)
    covered = np.minimum(edges[1:, None], pixels + 1.0) - np.maximum(edges[:-1, None], pixels)
    covered = covered.clip(0.0)
    return np.asarray(covered / covered.sum(axis=1, keepdims=True), np.float32)
