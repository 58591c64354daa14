"""Several multi-layer perceptrons evaluated together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from humanoid_vla.policies.mlp import make_activation


class EnsembleMLP(nn.Module):
    """Independently initialised MLPs as one network with a leading axis of members: one batched product a layer.

    Args:
        num_members: Number of networks.
        input_dim: Length of the input.
        hidden_dims: Widths of the hidden layers.
        output_dim: Length of the output.
        activation: A key of :data:`humanoid_vla.policies.mlp.ACTIVATIONS`.
        layer_norm: Whether each hidden layer is normalised before its activation (Ba et al., "Layer normalization",
            arXiv 1607.06450), each member with a scale and a shift of its own.

    Raises:
        ValueError: If there is no member or the activation is unknown.
    """

    def __init__(
        self,
        num_members: int,
        input_dim: int,
        hidden_dims: Sequence[int],
        output_dim: int,
        activation: str = "relu",
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        if num_members < 1:
            raise ValueError(f"an ensemble needs at least one member, got {num_members}")
        self.num_members = num_members
        self.activation = make_activation(activation)
        self.weights = nn.ParameterList()  # each (members, in, out)
        self.biases = nn.ParameterList()  # each (members, 1, out)
        for fan_in, fan_out in itertools.pairwise([input_dim, *hidden_dims, output_dim]):
            bound = 1.0 / math.sqrt(fan_in)  # the default of nn.Linear
            self.weights.append(nn.Parameter(torch.empty(num_members, fan_in, fan_out).uniform_(-bound, bound)))
            self.biases.append(nn.Parameter(torch.empty(num_members, 1, fan_out).uniform_(-bound, bound)))
        normed = hidden_dims if layer_norm else ()
        self.scales = nn.ParameterList(torch.ones(num_members, 1, width) for width in normed)
        self.shifts = nn.ParameterList(torch.zeros(num_members, 1, width) for width in normed)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, input_dim) -> (members, batch, output_dim)."""
        x = x.expand(self.num_members, -1, -1)  # (members, batch, in)
        *hidden, (last_weight, last_bias) = zip(self.weights, self.biases, strict=True)
        for layer, (weight, bias) in enumerate(hidden):
            x = torch.baddbmm(bias, x, weight)  # (members, batch, out)
            if self.scales:
                x = torch.addcmul(self.shifts[layer], F.layer_norm(x, x.shape[-1:]), self.scales[layer])
            x = self.activation(x)
        return torch.baddbmm(last_bias, x, last_weight)
