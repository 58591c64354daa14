"""How late ticks were, as a picture."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

SLOWEST = 0.02
"""Later ticks stand in the last bar [s]."""


def draw_jitter(lateness: dict[str, np.ndarray], path: Path) -> None:
    """Write a histogram of lateness: how long after its deadline a tick began.

    Args:
        lateness: Name of a loop -> lateness of its ticks [s].
        path: PNG file; written under a temporary name first.

    Raises:
        ImportError: Without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("a picture of the jitter needs matplotlib: pip install matplotlib") from None

    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.subplots()
    edges = [0.0, *(1e3 * np.geomspace(1e-5, SLOWEST, 60)).tolist()]
    for name, values in lateness.items():
        shown = 1e3 * np.clip(values, 0.0, SLOWEST)
        p99 = 1e3 * float(np.percentile(values, 99.0)) if len(values) else 0.0
        axes.hist(shown, edges, histtype="step", label=f"{name}: {len(values)} ticks, p99 {p99:.2f} ms")
    axes.set(xlabel="begins after its deadline [ms]", ylabel="ticks", xscale="log", yscale="log")
    figure.legend(loc="outside upper center")
    temporary = path.with_name(f".{path.name}.tmp")
    figure.savefig(temporary, format="png", dpi=120)
    os.replace(temporary, path)
