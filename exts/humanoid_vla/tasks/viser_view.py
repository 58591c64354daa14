"""The browser view (``--viz viser``): its server, and a work-around for Isaac Lab 3.0.0 with Newton 1.6.1.

Isaac Lab draws the ground with ``self._to_numpy``, a method of the viewer it inherits from Newton, where it has become
a function: the first frame that a browser asks for ends the view ("Error stepping visualizer 'ViserVisualizer':
NewtonViewerViser object has no attribute '_to_numpy'") and the page stays empty. Remove :func:`restore_to_numpy` once
Isaac Lab no longer asks for the method.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from newton.viewer import ViewerViser


def restore_to_numpy() -> None:
    """Give Newton's viser viewer the method back, where it lacks it. Calling twice is safe."""
    if not hasattr(ViewerViser, "_to_numpy"):
        ViewerViser._to_numpy = staticmethod(_to_numpy)  # type: ignore[attr-defined]


def _to_numpy(values: Any) -> np.ndarray | None:
    """A Warp array, of whatever shape and device, or None, as numpy."""
    return None if values is None else values.numpy()


def viser_server(sim: Any) -> Any | None:
    """viser's server of a simulation that is shown in a browser; None for any other."""
    viewers = (getattr(visualizer, "_viewer", None) for visualizer in sim.visualizers)
    return next((viewer._server for viewer in viewers if isinstance(viewer, ViewerViser)), None)
