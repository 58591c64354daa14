"""Copies of networks share what they should and nothing else."""

from typing import Any

import torch
from torch import nn

from humanoid_vla.agents.copies import make_frozen_view, make_target, polyak_update
from humanoid_vla.policies.normalization import RunningNormalizer


def test_polyak_update() -> None:
    target, online = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.constant_(target.weight, 2.0)
    nn.init.constant_(online.weight, 10.0)
    polyak_update(target, online, tau=0.25)
    assert target.weight.item() == 4.0  # 0.75 * 2 + 0.25 * 10
    assert online.weight.item() == 10.0


def test_a_target_shares_statistics_and_no_weights() -> None:
    normalizer, linear = RunningNormalizer(2), nn.Linear(2, 1)
    network: Any = nn.Sequential(normalizer, linear)
    target = make_target(network)
    x = torch.randn(5, 2)
    normalizer.update(3.0 + x)
    nn.init.zeros_(linear.weight)
    assert torch.equal(target[0].mean, normalizer.mean)
    assert (target[1].weight != 0.0).all()
    assert not target(x).requires_grad
    assert network(x).requires_grad


def test_a_frozen_view_is_the_network_itself() -> None:
    normalizer, linear = RunningNormalizer(2), nn.Linear(2, 1)
    network: Any = nn.Sequential(normalizer, linear)
    view = make_frozen_view(network)
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    x = torch.randn(5, 2, requires_grad=True)
    normalizer.update(3.0 + x.detach())
    network(x).sum().backward()
    optimizer.step()
    network.load_state_dict({name: value + 1.0 for name, value in network.state_dict().items()})
    assert torch.equal(view(x), network(x))
    (gradient,) = torch.autograd.grad(view(x).sum(), x)
    assert (gradient != 0.0).any()
    assert not any(weight.requires_grad for weight in view.parameters())
