"""Which observation groups a network reads, and how they become one flat vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch


def flat_dim(obs: Mapping[str, torch.Tensor], groups: Sequence[str]) -> int:
    """Length of the vector that :func:`concatenate` makes of these groups.

    Args:
        obs: Observation groups, each of shape (num_envs, dim).
        groups: Names of the groups to read, in order.

    Raises:
        ValueError: If a group is missing or is not a batch of vectors.
    """
    for group in groups:
        if group not in obs.keys():  # noqa: SIM118 - a TensorDict has no `in` of its own
            raise ValueError(f"observation group '{group}' is missing; the environment gives {sorted(obs.keys())}")
        if obs[group].dim() != 2:
            raise ValueError(f"observation group '{group}' must be (num_envs, dim), got {tuple(obs[group].shape)}")
    return sum(obs[group].shape[-1] for group in groups)


def concatenate(obs: Mapping[str, torch.Tensor], groups: Sequence[str]) -> torch.Tensor:
    """Named groups side by side in the given order, shape (batch, sum of dims)."""
    if len(groups) == 1:  # the usual case needs no copy
        return obs[groups[0]]
    return torch.cat([obs[group] for group in groups], dim=-1)
