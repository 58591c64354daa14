"""Which costs are limited, and how much of them an episode may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

COST_GROUP = "cost"
"""The observation group with the costs of the step that led to it, (num_envs, costs), none negative."""


class Constraints:
    """Limits on the undiscounted cost of an episode, by name.

    Costs are counted in shares of their limits from here on, so that all constraints are alike: a whole episode may
    have 1 of each.

    Args:
        limits: Name of a cost -> its limit an episode, in the order in which they are counted.
        known: Names of the environment's costs, one a column of the observation group ``cost``.
        device: Where the learner runs.

    Raises:
        ValueError: If no cost is limited, a name is unknown, or a limit is not positive.
    """

    def __init__(self, limits: Mapping[str, float], known: Sequence[str], device: torch.device | str = "cpu") -> None:
        if not limits:
            raise ValueError(f"cost_limits is empty; limit at least one of the environment's costs: {', '.join(known)}")
        for name, limit in limits.items():
            if name not in known:
                raise ValueError(
                    f"cost_limits has '{name}', which is none of the environment's costs: {', '.join(known)}"
                )
            if not limit > 0:
                raise ValueError(
                    f"the limit of '{name}' must be positive, got {limit}; what must never happen is a termination"
                )
        self.names = list(limits)
        self.columns = torch.tensor([known.index(name) for name in limits], device=device)
        self.limits = torch.tensor([float(limit) for limit in limits.values()], device=device)

    def __len__(self) -> int:
        return len(self.names)

    def shares(self, costs: torch.Tensor) -> torch.Tensor:
        """The limited ones of all costs as shares of their limits, (batch, costs) -> (batch, constraints)."""
        return costs[:, self.columns] / self.limits


def known_costs(env: Any, num_costs: int) -> list[str]:
    """Names of an environment's costs: its ``cost_names``, one a column of its observation group ``cost``.

    Raises:
        ValueError: If it has none, or not as many as columns.
    """
    names = getattr(env, "cost_names", None)
    if names is None:  # Isaac Lab's wrapper hides what the environment itself has
        names = getattr(getattr(env, "unwrapped", None), "cost_names", None)
    if names is None or len(names) != num_costs:
        raise ValueError(f"the environment's cost_names are {names}; they must name the {num_costs} columns of 'cost'")
    return list(names)


def step_costs(obs: Any, dones: torch.Tensor, extras: Mapping[str, Any]) -> torch.Tensor:
    """All costs of the step that led to these observations, shape (num_envs, costs).

    Args:
        obs: Observations to act on next, after a reset where an episode ended.
        dones: Non-zero where an episode ended, shape (num_envs,).
        extras: With `final_obs` where an episode ended: its last step costs too.

    Raises:
        ValueError: If an episode ended and `final_obs` is missing.
    """
    ended = dones.bool()
    if "final_obs" not in extras:
        if ended.any():
            raise ValueError(
                "an episode ended and extras['final_obs'] is missing: set `env_cfg.compute_final_obs = True`, without"
                " it the cost of the last step is unknown"
            )
        return obs[COST_GROUP]
    return torch.where(ended.unsqueeze(-1), extras["final_obs"][COST_GROUP], obs[COST_GROUP])
