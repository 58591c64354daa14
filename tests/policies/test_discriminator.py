"""The discriminator's inputs and its gradient penalty, by hand."""

from typing import Any

import pytest
import torch

from humanoid_vla.policies.discriminator import Discriminator

OBS = {"state": torch.zeros(2, 3), "camera": torch.zeros(2, 16, 16, 3, dtype=torch.uint8)}
WEIGHTS = torch.tensor([[3.0, 0.0, 0.0, 4.0, 0.0, 0.0]])  # three observations, two actions, whether it is over


def make_linear() -> Any:
    """logit = 3 x_0 + 4 x_3 + 0.5."""
    discriminator = Discriminator(OBS, {"discriminator": ["state"]}, "discriminator", 2, hidden_dims=())
    linear = discriminator.mlp[0]
    assert isinstance(linear, torch.nn.Linear)
    linear.weight.data.copy_(WEIGHTS)
    linear.bias.data.fill_(0.5)
    return discriminator


def test_it_reads_normalised_observations_actions_and_the_end() -> None:
    discriminator = make_linear()
    discriminator.update_normalization({"state": torch.tensor([[1.0, 0.0, 0.0], [3.0, 0.0, 0.0]])})  # mean 2, std 1
    obs = {"state": torch.tensor([[4.0, 0.0, 0.0]])}
    inputs = discriminator.inputs(obs, torch.tensor([[-0.5, 0.25]]), torch.tensor([True]))
    normalized = 2.0 / 1.01  # the normaliser adds 0.01 to the standard deviation
    torch.testing.assert_close(inputs, torch.tensor([[normalized, 0.0, 0.0, -0.5, 0.25, 1.0]]))
    torch.testing.assert_close(discriminator(inputs), torch.tensor([3.0 * normalized - 4.0 * 0.5 + 0.5]))


def test_gradient_penalty_of_a_linear_discriminator() -> None:
    discriminator = make_linear()
    penalty = discriminator.gradient_penalty(torch.randn(7, 6), torch.randn(7, 6))
    # the gradient is (3, 0, 0, 4, 0, 0) everywhere: (5 - 1)^2
    assert penalty.item() == pytest.approx(16.0)
    penalty.backward()
    # d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w|
    torch.testing.assert_close(discriminator.mlp[0].weight.grad, 2.0 * 4.0 * WEIGHTS / 5.0)


def test_gradient_penalty_is_taken_between_expert_and_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    discriminator = make_linear()
    monkeypatch.setattr(discriminator, "forward", lambda x: 0.5 * x.square().sum(dim=-1))  # its gradient is x
    monkeypatch.setattr(torch, "rand", lambda *shape, device: torch.tensor([[0.25], [0.75]]))
    expert, policy = torch.zeros(2, 6), torch.zeros(2, 6)
    expert[:, 1], policy[:, 1] = 4.0, 8.0
    # 0.25 * 4 + 0.75 * 8 = 7 and 0.75 * 4 + 0.25 * 8 = 5
    assert discriminator.gradient_penalty(expert, policy).item() == pytest.approx(0.5 * (6.0**2 + 4.0**2))


def test_a_flat_discriminator_has_a_finite_penalty() -> None:
    discriminator = make_linear()
    discriminator.mlp[0].weight.data.zero_()
    penalty = discriminator.gradient_penalty(torch.zeros(3, 6), torch.ones(3, 6))
    assert penalty.item() == 1.0
    penalty.backward()
    assert torch.isfinite(discriminator.mlp[0].weight.grad).all()


def test_it_reads_images() -> None:
    discriminator = Discriminator(OBS, {"discriminator": ["state", "camera"]}, "discriminator", 2, hidden_dims=(8,))
    inputs = discriminator.inputs(OBS, torch.zeros(2, 2), torch.zeros(2, dtype=torch.bool))
    logits = discriminator(inputs)
    assert logits.shape == (2,)
    (logits.sum() + discriminator.gradient_penalty(inputs, inputs)).backward()
    assert all(weight.grad is not None for weight in discriminator.parameters())
