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


def forget_gradients(optimizer: torch.optim.Optimizer) -> None:
    """The same as `optimizer.zero_grad()`, without what that records."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.grad = None


@torch.no_grad()
def take_step(optimizer: torch.optim.Optimizer) -> None:
    """The same as `optimizer.step()`, for what :func:`make_optimizer` gives.

    Without what that sorts, checks and records each time, which takes longer than to move a small network on a CPU.
    """
    weights = [[weight for weight in group["params"] if weight.grad is not None] for group in optimizer.param_groups]
    states = [[optimizer.state[weight] for weight in of_group] for of_group in weights]
    if all(state for of_group in states for state in of_group):
        for group, group_weights, group_states in zip(optimizer.param_groups, weights, states, strict=True):
            _fused_step(group, group_weights, group_states)
    else:  # the first step makes the moments
        optimizer.step()


def _fused_step(group: dict[str, Any], weights: list[Any], states: list[dict[str, torch.Tensor]]) -> None:
    if not weights:
        return
    steps = [state["step"] for state in states]
    torch._foreach_add_(steps, 1)  # pyright: ignore[reportPrivateImportUsage]
    torch._fused_adamw_(  # pyright: ignore[reportPrivateImportUsage]
        weights,
        [weight.grad for weight in weights],
        [state["exp_avg"] for state in states],
        [state["exp_avg_sq"] for state in states],
        [],  # of AMSGrad
        steps,
        lr=group["lr"],
        beta1=group["betas"][0],
        beta2=group["betas"][1],
        weight_decay=group["weight_decay"],
        eps=group["eps"],
        amsgrad=False,
        maximize=False,
    )


def scale_step_sizes(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Set all step sizes to a share of what they were at the start."""
    for group in optimizer.param_groups:
        rate = share * group["initial_lr"]
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
