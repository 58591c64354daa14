"""Telling a foreign checkpoint apart before it fails in the middle of loading."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def policy_shape(actor: Any, critic: Any, num_actions: int) -> dict[str, Any]:
    """What must agree between a checkpoint and the networks it is loaded into; numbers, strings and lists only."""
    return {
        "actor observation groups": list(actor.obs_groups),
        "actor observation size": int(actor.obs_dim),
        "critic observation groups": list(critic.obs_groups),
        "critic observation size": int(critic.obs_dim),
        "number of actions": num_actions,
    }


def check_checkpoint(checkpoint: dict[str, Any], algorithm: str, shape: dict[str, Any]) -> None:
    """Check that a checkpoint belongs to this algorithm and this task.

    Raises:
        ValueError: One line that names what differs.
    """
    found = checkpoint.get("algorithm")
    if found != algorithm:
        written_by = f"written by {found}" if found is not None else "not written by this package (RSL-RL's PPO?)"
        raise ValueError(f"this checkpoint is {written_by}, but the agent is {algorithm}")
    saved = checkpoint["policy_shape"]
    differences = [
        f"{key} is {saved.get(key)} in the checkpoint and {value} here"
        for key, value in shape.items()
        if saved.get(key) != value
    ]
    if differences:
        raise ValueError(f"this checkpoint belongs to another task or policy: {'; '.join(differences)}")


def load_module(module: nn.Module, state: dict[str, torch.Tensor], name: str, strict: bool = True) -> None:
    """Load a state dict into a network.

    Raises:
        ValueError: One line that names the tensors that differ, for instance after a change of hidden layers.
    """
    own = module.state_dict()
    wrong = [key for key in own if key in state and own[key].shape != state[key].shape]
    if strict:
        wrong += sorted(own.keys() ^ state.keys())
    if wrong:
        raise ValueError(f"the checkpoint's {name} has another architecture; these tensors differ: {', '.join(wrong)}")
    module.load_state_dict(state, strict=strict)
