"""What a policy does without its eyes or its ears: inputs that are taken away while it is evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from common import InputError

GROUPS = {"blank_image": "camera", "zero_language": "language", "shuffle_language": "language"}
"""Each ablation, and the observation group it changes."""


def check_ablation(name: str, args: Any, agent_cfg: Any, num_envs: int) -> None:
    """Check that an ablation takes something away.

    Args:
        args: Of the command line: ``task`` and ``agent``.

    Raises:
        InputError: The policy does not read what would be changed, or there is no other environment to shuffle with.
    """
    groups = agent_cfg.obs_groups["actor"]
    if GROUPS[name] not in groups:
        raise InputError(
            f"--ablation {name}: agent '{args.agent}' of {args.task} reads no '{GROUPS[name]}', only"
            f" {', '.join(groups)}; leave it out, or name another task or agent"
        )
    if name == "shuffle_language" and num_envs < 2:
        raise InputError("--ablation shuffle_language takes sentences of other environments; give --num_envs 2 or more")


class AblatedPolicy:
    """A policy, one of whose observation groups is replaced before it sees it; the observations stay as they are.

    Args:
        policy: Called with a TensorDict of observation groups.
        name: A key of :data:`GROUPS`.
    """

    def __init__(self, policy: Any, name: str) -> None:
        self._policy, self._group = policy, GROUPS[name]
        self._replace: Callable[[Any], Any] = Shuffled() if name == "shuffle_language" else _zeros
        """A group's value, (num_envs, ...) -> what the policy sees in its place."""

    def __call__(self, obs: Any) -> Any:
        obs = obs.copy()  # of the names, not of the numbers
        obs[self._group] = self._replace(obs[self._group])
        return self._policy(obs)

    def reset(self, dones: Any) -> None:
        """Tell of episodes that ended; (num_envs,)."""
        self._policy.reset(dones)
        if isinstance(self._replace, Shuffled):
            self._replace.ended = dones > 0


class Shuffled:
    """For each environment the value of another, drawn anew with each episode and kept until its end.

    Drawn are cycles through all environments in a random order, so none gets its own: S. Sattolo, "An algorithm to
    generate a random cyclic permutation", Information Processing Letters 22 (1986).
    """

    def __init__(self) -> None:
        self.ended: Any = None
        """The environments whose episode begins with the next call, (num_envs,) bool; None for all."""

    def __call__(self, values: Any) -> Any:
        import torch

        num_envs = len(values)
        if self.ended is None:
            self._kept, self.ended = values.clone(), values.new_ones(num_envs, dtype=torch.bool)
        cycle = torch.randperm(num_envs, device=values.device)
        others = torch.empty_like(cycle)
        others[cycle] = cycle.roll(1)
        self._kept[self.ended] = values[others[self.ended]]
        return self._kept.clone()


def _zeros(values: Any) -> Any:
    return values.new_zeros(values.shape)
