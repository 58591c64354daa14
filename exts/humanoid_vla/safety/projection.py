"""The nearest point that keeps to several linear constraints and to bounds: a small quadratic program."""

from __future__ import annotations

import numpy as np

from humanoid_vla.safety.backend import Array, Backend, NumpyBackend, times
from humanoid_vla.safety.limits import Interval

ITERATIONS = 24
TOLERANCE = 1e-5
"""Constraints may be short by this much: 0.01 mm."""
SMALLEST = 1e-9


def project(backend: Backend, wanted: Array, bounds: Interval, rows: Array, least: Array) -> Array:
    """min |u - wanted|^2 / 2 with rows u >= least and u within the bounds.

    Ascent of the dual, each time along the multiplier that promises most (Hildreth, "A quadratic programming
    procedure", 1957, in the order of Gauss and Southwell): for given multipliers y >= 0 the best u is
    wanted + rows^T y, clipped to the bounds. Where the constraints contradict each other or the iterations end first,
    some stay unmet.

    Args:
        backend: The array library.
        wanted: Shape (batch, n).
        bounds: Of u.
        rows: Shape (batch, k, n); a row of zeros constrains nothing.
        least: Shape (batch, k).

    Returns:
        u, within the bounds, shape (batch, n).
    """
    xp = backend.xp
    # rows of length one: then a change of a multiplier is a distance
    squares = (rows * rows).sum(axis=-1)
    some = squares > SMALLEST
    lengths = xp.sqrt(xp.where(some, squares, 1.0))
    rows, least, tolerances = rows / lengths[..., None], xp.where(some, least / lengths, -1.0), TOLERANCE / lengths
    if len(wanted) == 1 and isinstance(backend, NumpyBackend):
        one = Interval(bounds.low[0], bounds.high[0])
        return _project_one(wanted[0], one, rows[0], least[0], tolerances[0])[None]
    taken = xp.zeros_like(least)  # multipliers, negative: a change may take back that much
    free, u = wanted, bounds.nearest(xp, wanted)
    numbers = xp.arange(rows.shape[1], device=least.device)
    for _ in range(ITERATIONS):
        change = xp.maximum(least - times(rows, u), taken)
        excess = xp.abs(change) - tolerances
        unmet = excess > 0.0
        if not unmet.any():
            break
        # of one multiplier a robot; none of robots that are done, however long others take
        change = change * ((numbers == excess.argmax(axis=-1)[..., None]) & unmet)
        taken = taken - change
        free = free + (change[..., None] * rows).sum(axis=1)
        u = bounds.nearest(xp, free)
    return u


def _project_one(wanted: Array, bounds: Interval, rows: Array, least: Array, tolerances: Array) -> Array:
    """The same for one robot in NumPy, without the axis of the batch and in place: calls are all it costs."""
    taken, change, excess = np.zeros_like(least), np.empty_like(least), np.empty_like(least)
    free, u, move = wanted.copy(), bounds.nearest(np, wanted), np.empty_like(wanted)
    for _ in range(ITERATIONS):
        np.subtract(least, rows.dot(u), out=change)
        np.maximum(change, taken, out=change)
        np.abs(change, out=excess)
        np.subtract(excess, tolerances, out=excess)
        best = excess.argmax()
        if excess[best] <= 0.0:
            break
        taken[best] -= change[best]
        np.multiply(rows[best], change[best], out=move)
        np.add(free, move, out=free)
        np.maximum(free, bounds.low, out=u)
        np.minimum(u, bounds.high, out=u)
    return u


def no_worse_than(backend: Backend, wanted: Array, fallback: Array, rows: Array, least: Array) -> tuple[Array, Array]:
    """As far from a fallback towards what is wanted as every constraint is met, or no less met than by the fallback.

    Args:
        backend: The array library.
        wanted: Shape (batch, n).
        fallback: To go back to, shape (batch, n).
        rows: Constraints rows u >= least, shape (batch, k, n).
        least: Shape (batch, k).

    Returns:
        The point, and the share of the way to it that was kept, shape (batch,).
    """
    xp = backend.xp
    slack = times(rows, wanted) - least
    if (slack >= -TOLERANCE).all():
        return wanted, xp.ones_like(wanted[:, 0])
    at_fallback = times(rows, fallback) - least
    zero = xp.zeros_like(slack)
    worse = slack < xp.minimum(at_fallback, zero) - TOLERANCE
    kept = xp.maximum(at_fallback, zero) / xp.where(worse, at_fallback - slack, 1.0)
    share = xp.amin(xp.where(worse, kept, 1.0), axis=-1)
    return fallback + share[..., None] * (wanted - fallback), share
