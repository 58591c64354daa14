"""Multi-layer perceptron."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": partial(nn.ReLU, inplace=True),  # a linear layer does not need its output for its gradient
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
}


def make_activation(name: str) -> nn.Module:
    """Activation by name.

    Raises:
        ValueError: If the name is not a key of :data:`ACTIVATIONS`.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown activation '{name}'; choose one of {sorted(ACTIVATIONS)}")
    return ACTIVATIONS[name]()


def make_mlp(
    input_dim: int, hidden_dims: Sequence[int], output_dim: int, activation: str = "relu", layer_norm: bool = False
) -> nn.Sequential:
    """Linear layers with an activation between them: (..., input_dim) -> (..., output_dim).

    With `layer_norm` each hidden layer is normalised before its activation (Ba et al., "Layer normalization", arXiv
    1607.06450).
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise([input_dim, *hidden_dims]):
        layers.append(nn.Linear(fan_in, fan_out))
        if layer_norm:
            layers.append(nn.LayerNorm(fan_out))
        layers.append(make_activation(activation))
    last_dim = [input_dim, *hidden_dims][-1]
    return nn.Sequential(*layers, nn.Linear(last_dim, output_dim))
