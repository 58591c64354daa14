"""A trained policy to build on: loaded from a checkpoint, never trained again."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn


def load_frozen_policy(
    path: str | Path,
    actor_cfg: Mapping[str, Any],
    obs: Mapping[str, torch.Tensor],
    num_actions: int,
    device: torch.device | str = "cpu",
) -> nn.Module:
    """The actor of a checkpoint, in evaluation mode and without gradients.

    The file is read with ``weights_only=True``: unlike a TorchScript module it cannot run code. What the network looks
    like is told by the configuration it was trained with.

    Args:
        path: A checkpoint that RSL-RL's runner wrote: of this package's agents or of RSL-RL's own PPO.
        actor_cfg: The ``actor`` part of the agent's configuration: ``class_name`` ("module:class") and the network's
            keyword arguments.
        obs: An example of each observation group that the policy reads, in its order, each (num_envs, *shape).
        num_actions: Number of the policy's actions.
        device: Where it runs.

    Returns:
        The policy: called with observation groups, it gives deterministic actions, shape (num_envs, num_actions).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no checkpoint, or one of another policy; one line that names what differs.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        checkpoint = torch.load(path, map_location=device, weights_only=True)
        state = checkpoint["actor_state_dict"]
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a checkpoint of a policy, is cut short or holds code") from error

    kwargs = dict(actor_cfg)
    module, name = kwargs.pop("class_name").split(":")
    if kwargs.get("distribution_cfg") is None:  # only RSL-RL's own networks know it
        kwargs.pop("distribution_cfg", None)
    policy: nn.Module = getattr(importlib.import_module(module), name)(
        obs, {"actor": list(obs)}, "actor", num_actions, **kwargs
    )
    own = policy.state_dict()
    wrong = sorted(key for key in own.keys() | state.keys() if _shape(own, key) != _shape(state, key))
    if wrong:
        raise ValueError(f"{path} holds another policy than the configuration says; these tensors differ: {wrong}")
    policy.load_state_dict(state)
    return policy.to(device).eval().requires_grad_(False)


def _shape(state: Mapping[str, torch.Tensor], name: str) -> torch.Size | None:
    return state[name].shape if name in state else None
