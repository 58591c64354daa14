"""Distances between simple shapes, batched. No simulator in here."""

from __future__ import annotations

import torch


def distance_to_segment(point: torch.Tensor, start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    """Distance [m] from points to line segments; the shapes broadcast, the last dimension is (x, y, z) [m].

    Ericson, Real-Time Collision Detection (2005), section 5.1.2.
    """
    direction = end - start
    # position of the closest point along the segment: clamp(((p - a) . d) / (d . d), 0, 1)
    along = ((point - start) * direction).sum(-1, keepdim=True) / direction.square().sum(-1, keepdim=True)
    return torch.linalg.vector_norm(point - start - along.clamp(0.0, 1.0) * direction, dim=-1)
