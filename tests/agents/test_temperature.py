"""The temperature's loss, by hand."""

import pytest
import torch

from humanoid_vla.agents.temperature import Temperature


def test_loss_and_its_gradient() -> None:
    temperature = Temperature(initial=0.6065307, target_entropy=-2.0)  # log alpha = -0.5
    log_prob = torch.tensor([1.0, 4.0], requires_grad=True)
    loss = temperature.loss(log_prob)
    assert loss.item() == pytest.approx(0.25)  # 0.5 * (2.5 - 2)
    loss.backward()
    # the entropy is -2.5, below its target of -2: gradient descent raises the temperature
    assert temperature.log_alpha.grad is not None
    assert temperature.log_alpha.grad.item() == pytest.approx(-0.5)
    assert log_prob.grad is None
    assert temperature().item() == pytest.approx(0.6065307)
    assert not temperature().requires_grad


def test_temperatures_are_positive() -> None:
    with pytest.raises(ValueError, match="initial_temperature"):
        Temperature(initial=0.0, target_entropy=-1.0)
