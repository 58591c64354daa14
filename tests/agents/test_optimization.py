"""The short step is the optimiser's own."""

from __future__ import annotations

import torch
from torch import nn

from humanoid_vla.agents.optimization import forget_gradients, make_optimizer, scale_step_sizes, take_step


def test_a_step_is_the_optimizers_own() -> None:
    weights = []
    for short in (False, True):
        torch.manual_seed(0)
        first, second = nn.Linear(3, 4), nn.Linear(4, 2)
        optimizer = make_optimizer([(first, 1e-2, 0.1), (second, 1e-1, 0.0)], torch.device("cpu"), recorded=False)
        for number in range(6):
            forget_gradients(optimizer)
            outputs = first(torch.randn(5, 3))
            # now and then the second has no gradient, also at first
            (outputs if number % 3 == 0 else second(outputs)).square().sum().backward()
            scale_step_sizes(optimizer, 1.0 - 0.1 * number)
            take_step(optimizer) if short else optimizer.step()
        weights.append([weight.detach() for weight in (*first.parameters(), *second.parameters())])
        steps = [float(optimizer.state[weight]["step"]) for weight in (first.weight, second.weight)]
        assert steps == [6.0, 4.0]
    assert all(torch.equal(*pair) for pair in zip(*weights, strict=True))


def test_gradients_are_forgotten() -> None:
    layer = nn.Linear(2, 1)
    optimizer = make_optimizer([(layer, 1e-2, 0.0)], torch.device("cpu"), recorded=False)
    layer(torch.ones(1, 2)).sum().backward()
    forget_gradients(optimizer)
    assert all(weight.grad is None for weight in layer.parameters())
