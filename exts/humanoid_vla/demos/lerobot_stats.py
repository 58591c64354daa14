"""Statistics that LeRobot's policies normalise with: of an episode, and of all episodes together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Stats = dict[str, np.ndarray]
"""min, max, mean, std and quantiles q01 to q99, each of a feature's shape, and ``count``, (1,)."""

_QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
_MAX_IMAGES = 32
"""Pictures of an episode that its statistics are from."""


def episode_stats(values: np.ndarray) -> Stats:
    """Statistics of one feature over an episode.

    Args:
        values: (T, D), or images (T, H, W, 3) uint8.

    Returns:
        Of shape (D,); for images of each channel in [0, 1], (3, 1, 1), from at most 32 of the pictures.
    """
    if values.ndim > 2:
        sample = values[:: -(-len(values) // _MAX_IMAGES)]
        stats = episode_stats(sample.reshape(-1, values.shape[-1]) / np.float64(255.0))
        return {name: value.reshape(-1, 1, 1) for name, value in stats.items()} | {"count": np.array([len(sample)])}
    values = values.astype(np.float64)
    stats = {"min": values.min(0), "max": values.max(0), "mean": values.mean(0), "std": values.std(0)}
    quantiles = np.quantile(values, list(_QUANTILES.values()), axis=0)
    return stats | {"count": np.array([len(values)])} | dict(zip(_QUANTILES, quantiles, strict=True))


def combine_stats(episodes: Sequence[Stats]) -> Stats:
    """Statistics over all episodes; quantiles are the episodes' mean ones, as in LeRobot.

    The variance is the mean of the variances plus the variance of the means, both weighted with the counts.
    """
    stacked = {name: np.stack([stats[name] for stats in episodes]) for name in episodes[0]}
    counts = stacked.pop("count")  # (E, 1)
    weights = (counts / counts.sum()).reshape(-1, *[1] * (stacked["mean"].ndim - 1))

    def mean(values: np.ndarray) -> np.ndarray:
        return (weights * values).sum(0)

    total = mean(stacked["mean"])
    return {
        "min": stacked["min"].min(0),
        "max": stacked["max"].max(0),
        "mean": total,
        "std": np.sqrt(mean(stacked["std"] ** 2 + (stacked["mean"] - total) ** 2)),
        "count": counts.sum(0),
        **{name: mean(stacked[name]) for name in _QUANTILES},
    }
