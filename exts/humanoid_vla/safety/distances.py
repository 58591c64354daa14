"""Signed distances between capsules, and between a capsule and a box."""

from __future__ import annotations

from typing import Any, NamedTuple

from humanoid_vla.safety.backend import Array

SMALLEST = 1e-12
"""Keeps lengths that divide above zero [m^2]."""

SAMPLES = 9
"""Points along a capsule's axis whose distance from a box is measured."""


class Nearest(NamedTuple):
    """Distances and the nearest points of k pairs of bodies."""

    distances: Array
    """Between the surfaces [m], negative where they overlap, shape (batch, k)."""
    points: Array
    """The nearest point of the first body's axis [m], shape (batch, 3, k)."""
    normals: Array
    """Unit vectors from the second body to the first, shape (batch, 3, k)."""


def between_capsules(xp: Any, capsules: Array, radii: Array) -> Nearest:
    """Distances between capsules; spheres are capsules whose ends coincide.

    Nearest points of two segments after Ericson, "Real-Time Collision Detection" (2005), section 5.1.9.

    Args:
        xp: The array library.
        capsules: Both ends of their axes [m], the first capsules of all pairs, then the second, shape (batch, 6, 2 k).
        radii: Sum of both radii [m], shape (k,).
    """
    ends = capsules.reshape(len(capsules), 6, 2, -1)
    starts = ends[:, :3]
    lines = ends[:, 3:] - starts
    p1, p2, d1, d2 = starts[:, :, 0], starts[:, :, 1], lines[:, :, 0], lines[:, :, 1]
    r = p1 - p2
    # of both capsules at once: fewer calls
    squares, along = dot(lines, lines) + SMALLEST, dot(lines, r[:, :, None])
    a, e, b, c, f = squares[:, 0], squares[:, 1], dot(d1, d2), along[:, 0], along[:, 1]
    # nearest point on the first line, then on the second segment to it, then on the first segment to that
    zero, one = xp.zeros_like(a), xp.ones_like(a)
    s = xp.minimum(xp.maximum((b * f - c * e) / (a * e - b * b + SMALLEST), zero), one)
    t = xp.minimum(xp.maximum((b * s + f) / e, zero), one)
    s = xp.minimum(xp.maximum((b * t - c) / a, zero), one)
    points = p1 + s[:, None] * d1
    apart = points - (p2 + t[:, None] * d2)
    lengths = xp.sqrt(dot(apart, apart) + SMALLEST)
    return Nearest(lengths - radii, points, apart / lengths[:, None])


def to_boxes(xp: Any, capsules: Array, radii: Array, centres: Array, half_sizes: Array) -> Nearest:
    """Distances of capsules from solid boxes that stand along the axes.

    The nearest of :data:`SAMPLES` points along a capsule's axis counts. Against a face that is exact; beside an edge a
    capsule of radius r and length l may be nearer by (l / 16)^2 / 2r, which is 0.4 mm for a hand of the G1.

    Args:
        xp: The array library.
        capsules: Both ends of their axes [m], shape (batch, 6, k).
        radii: Radii [m], shape (k,).
        centres: Centre of each one's box [m], shape (3, k).
        half_sizes: Half of its edges [m], shape (3, k).
    """
    starts, ends = capsules[:, :3], capsules[:, 3:]
    shares = xp.linspace(0.0, 1.0, SAMPLES, dtype=starts.dtype, device=starts.device)
    points = starts[..., None] + (ends - starts)[..., None] * shares  # (batch, 3, k, samples)
    distances, normals = _point_to_box(xp, points - centres[..., None], half_sizes[..., None])
    nearest = distances.argmin(axis=-1)[..., None]  # (batch, k, 1)
    pick = xp.zeros_like(distances) + (xp.arange(SAMPLES, device=starts.device) == nearest)
    return Nearest(
        (distances * pick).sum(axis=-1) - radii,
        (points * pick[..., None, :, :]).sum(axis=-1),
        (normals * pick[..., None, :, :]).sum(axis=-1),
    )


def dot(a: Array, b: Array) -> Array:
    """Inner products of vectors, (batch, 3, ...) -> (batch, ...)."""
    product = a * b
    return product[:, 0] + product[:, 1] + product[:, 2]


def _point_to_box(xp: Any, x: Array, half_sizes: Array) -> tuple[Array, Array]:
    """Signed distance of points (batch, 3, ...) from a box about the origin, and its gradient."""
    outside = xp.abs(x) - half_sizes
    beyond = xp.clip(outside, 0.0, None)
    length = xp.sqrt((beyond * beyond).sum(axis=1) + SMALLEST)
    deepest = xp.maximum(xp.maximum(outside[:, 0], outside[:, 1]), outside[:, 2])
    inside = deepest <= 0.0
    sign = xp.sign(x)
    # outside: from the nearest surface point; inside: out through the nearest face
    face = sign * (outside >= deepest[:, None])
    gradient = xp.where(inside[:, None], face, sign * beyond / length[:, None])
    return xp.where(inside, deepest, length), gradient
