"""The multipliers' controller, by hand."""

import math

import pytest
import torch

from humanoid_vla.agents.multipliers import LagrangeMultipliers

NO_TREND = torch.zeros(2)


def test_the_integral_part_is_gradient_ascent() -> None:
    multipliers = LagrangeMultipliers(2, 0.0, 0.5, 0.0, initial=1.0)
    # one costs half a limit too much, the other a quarter too little
    multipliers.step(torch.tensor([1.5, 0.75]), NO_TREND)
    assert multipliers().tolist() == pytest.approx([1.0 + 0.5 * 0.5, 1.0 - 0.5 * 0.25])
    multipliers.step(torch.tensor([1.5, 0.75]), NO_TREND, num_updates=4)
    assert multipliers().tolist() == pytest.approx([1.25 + 4 * 0.25, 0.875 - 4 * 0.125])


def test_no_multiplier_is_negative_and_none_winds_up() -> None:
    multipliers = LagrangeMultipliers(2, 0.0, 0.5, 0.0, initial=0.2)
    for _ in range(3):
        multipliers.step(torch.tensor([0.0, 0.5]), NO_TREND)
    assert multipliers().tolist() == pytest.approx([0.0, 0.0])
    multipliers.step(torch.tensor([1.5, 1.0]), NO_TREND)
    assert multipliers().tolist() == pytest.approx([0.25, 0.0])  # from 0 on, not from where the sum would be


def test_the_proportional_part_comes_and_goes() -> None:
    multipliers = LagrangeMultipliers(2, 2.0, 0.1, 0.0)
    multipliers.step(torch.tensor([1.5, 1.0]), NO_TREND)
    assert multipliers().tolist() == pytest.approx([2.0 * 0.5 + 0.1 * 0.5, 0.0])
    multipliers.step(torch.tensor([1.0, 1.0]), NO_TREND)
    assert multipliers().tolist() == pytest.approx([0.05, 0.0])
    multipliers.step(torch.tensor([0.5, 1.0]), NO_TREND)
    assert multipliers().tolist() == pytest.approx([0.0, 0.0])  # 0.05 - 0.05 - 2 * 0.5 is below 0


def test_the_derivative_part_fears_what_rises_only() -> None:
    multipliers = LagrangeMultipliers(3, 0.0, 0.0, 3.0, initial=1.0)
    multipliers.step(torch.ones(3), torch.tensor([0.2, -0.2, 5.0]))
    assert multipliers().tolist() == pytest.approx([1.0 + 3.0 * 0.2, 1.0, 1.0 + 3.0 * 1.0])


def test_the_error_is_held() -> None:
    multipliers = LagrangeMultipliers(2, 0.0, 0.5, 0.0, initial=1.0)
    multipliers.step(torch.tensor([30.0, 0.0]), NO_TREND)
    assert multipliers().tolist() == pytest.approx([1.5, 0.5])


def test_nothing_moves_before_an_episode_has_finished() -> None:
    multipliers = LagrangeMultipliers(2, 1.0, 1.0, 1.0, initial=0.3)
    multipliers.step(torch.full((2,), math.nan), NO_TREND, num_updates=10)
    assert multipliers().tolist() == pytest.approx([0.3, 0.3])


def test_negative_gains_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        LagrangeMultipliers(1, 0.1, -0.1, 0.0)
    with pytest.raises(ValueError, match="must not be negative"):
        LagrangeMultipliers(1, 0.1, 0.1, 0.0, initial=-1.0)
