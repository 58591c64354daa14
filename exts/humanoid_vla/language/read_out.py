"""Which goal a sentence means: a linear read-out of its embedding."""

from __future__ import annotations

import torch

PENALTY = 10.0
"""Of the squared weights; with it 0.95 of Reach's held-out phrasings are understood, by the nearest centroid 0.85."""


def fit_read_out(embeddings: torch.Tensor, goals: torch.Tensor) -> torch.Tensor:
    """Ridge regression of one-hot goals on embeddings and a constant: W = (X'X + penalty I)^-1 X'Y.

    Hoerl and Kennard, "Ridge regression", Technometrics 12 (1970).

    Args:
        embeddings: Of sentences, shape (n, D).
        goals: The goal of each, shape (n,), int64.

    Returns:
        Weights, shape (D + 1, num_goals), float64.
    """
    x = _with_constant(embeddings)
    y = torch.nn.functional.one_hot(goals).double()
    return torch.linalg.solve(x.T @ x + PENALTY * torch.eye(x.shape[1], dtype=x.dtype), x.T @ y)


def read_goals(weights: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
    """The goal of each sentence, (..., D) -> (...,)."""
    return (_with_constant(embeddings) @ weights).argmax(dim=-1)


def _with_constant(embeddings: torch.Tensor) -> torch.Tensor:
    return torch.cat((embeddings, torch.ones_like(embeddings[..., :1])), dim=-1).double()
