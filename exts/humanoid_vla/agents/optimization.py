"""Optimisers and their step sizes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


def make_optimizer(
    groups: Iterable[tuple[nn.Module, float, float]], device: torch.device, recorded: bool
) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", arXiv 1711.05101); Adam without decay.

    Args:
        groups: Each a module, its step size and its weight decay.
        device: Where the modules are.
        recorded: Whether its steps are recorded in CUDA graphs.
    """
    param_groups: list[dict[str, Any]] = [
        {
            "params": list(module.parameters()),
            # a recorded graph reads the step size from memory
            "lr": torch.tensor(rate, device=device) if recorded else rate,
            "initial_lr": rate,
            "weight_decay": weight_decay,
        }
        for module, rate, weight_decay in groups
    ]
    return torch.optim.AdamW(param_groups, fused=device.type in ("cpu", "cuda"), capturable=recorded)


def scale_step_sizes(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Set all step sizes to a share of what they were at the start."""
    for group in optimizer.param_groups:
        rate = share * group["initial_lr"]
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
