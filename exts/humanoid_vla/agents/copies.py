"""Copies of networks: targets that follow slowly, and views that take no gradient."""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

_WEIGHTS: WeakKeyDictionary[nn.Module, list[Any]] = WeakKeyDictionary()


def make_target[M: nn.Module](network: M) -> M:
    """A copy to bootstrap from; it has weights of its own and shares the network's running statistics.

    It is in evaluation mode: it follows what is trained and is not trained itself, so it has no noise.
    """
    shared = {id(buffer): buffer for buffer in network.buffers()}
    return copy.deepcopy(network, shared).requires_grad_(False).eval()


def make_frozen_view[M: nn.Module](network: M) -> M:
    """The same network in the same memory, whose weights take no gradient; gradients pass through to its inputs."""
    shared = {id(weight): nn.Parameter(weight.detach(), requires_grad=False) for weight in network.parameters()}
    return copy.deepcopy(network, shared | {id(buffer): buffer for buffer in network.buffers()})


@torch.no_grad()
def polyak_update(target: nn.Module, online: nn.Module, tau: float) -> None:
    """target <- (1 - tau) target + tau online, in place."""
    torch._foreach_lerp_(_weights(target), _weights(online), tau)  # pyright: ignore[reportPrivateImportUsage]


def _weights(network: nn.Module) -> list[Any]:
    """All weights; kept, for to look through all modules takes as long as to move small networks."""
    if network not in _WEIGHTS:
        _WEIGHTS[network] = list(network.parameters())
    return _WEIGHTS[network]
