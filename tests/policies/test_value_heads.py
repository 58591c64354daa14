"""Targets and losses of critics, by hand."""

import math

import pytest
import torch

from humanoid_vla.policies.value_heads import CategoricalHead, ScalarHead, reduce_critics


def test_several_critics_become_one() -> None:
    q = torch.tensor([[1.0, 5.0], [3.0, 4.0]])
    assert reduce_critics(q, "min").tolist() == [1.0, 4.0]
    assert reduce_critics(q, "mean").tolist() == [2.0, 4.5]


@pytest.mark.parametrize(("reduction", "expected"), [("min", [3.25, 1.0]), ("mean", [3.7, 1.0])])
def test_scalar_target(reduction: str, expected: list[float]) -> None:
    next_outputs = torch.tensor([[[2.0], [7.0]], [[3.0], [9.0]]], requires_grad=True)
    # 1 + 0.9 (2 + 0.5), or with the mean 1 + 0.9 (2.5 + 0.5); after the end of an episode only the reward counts
    rewards, discounts, bonus = torch.ones(2), torch.tensor([0.9, 0.0]), torch.tensor([0.5, 0.5])
    target = ScalarHead().target(next_outputs, rewards, discounts, bonus, reduction)
    torch.testing.assert_close(target, torch.tensor(expected).unsqueeze(-1))
    assert not target.requires_grad


def test_scalar_loss() -> None:
    outputs = torch.tensor([[[1.0], [2.0]], [[0.0], [4.0]]])
    # halves of the mean of (1, 0) and of the mean of (4, 4), summed
    assert ScalarHead().loss(outputs, torch.tensor([[2.0], [2.0]])).item() == pytest.approx(2.25)
    assert ScalarHead().values(outputs).tolist() == [[1.0, 2.0], [0.0, 4.0]]


@pytest.mark.parametrize(
    ("reward", "discount", "bonus", "expected"),
    [
        # atoms -1, 0, 1 move to 0, 1/2, 1: the middle one is shared by two atoms
        (0.5, 0.5, 0.0, [0.0, 0.35, 0.65]),
        # to -0.375, 0.125, 0.625: 0.2 (0.375, 0.625, 0) + 0.3 (0, 0.875, 0.125) + 0.5 (0, 0.375, 0.625)
        (0.0, 0.5, 0.25, [0.075, 0.575, 0.35]),
        # beyond the ends
        (5.0, 1.0, 0.0, [0.0, 0.0, 1.0]),
        (-5.0, 1.0, 0.0, [1.0, 0.0, 0.0]),
        # the end of an episode: all mass at the reward, whatever follows
        (-0.25, 0.0, 9.0, [0.25, 0.75, 0.0]),
        # nothing moves
        (0.0, 1.0, 0.0, [0.2, 0.3, 0.5]),
    ],
)
def test_categorical_projection(reward: float, discount: float, bonus: float, expected: list[float]) -> None:
    head = CategoricalHead(3, -1.0, 1.0)
    logits = torch.tensor([0.2, 0.3, 0.5]).log().expand(1, 1, 3).clone().requires_grad_()
    target = head.target(logits, torch.tensor([reward]), torch.tensor([discount]), torch.tensor([bonus]), "min")
    torch.testing.assert_close(target, torch.tensor([expected]), atol=1e-6, rtol=1e-6)
    assert not target.requires_grad


def test_categorical_projection_keeps_mass_and_mean() -> None:
    torch.manual_seed(0)
    head = CategoricalHead(101, -20.0, 20.0)
    positions, probabilities = 15.0 * (2.0 * torch.rand(64, 101) - 1.0), torch.rand(64, 101).softmax(dim=-1)
    projected = head.project(positions, probabilities)
    assert projected.min() >= 0.0
    torch.testing.assert_close(projected.sum(dim=-1), torch.ones(64))
    means = (positions * probabilities).sum(dim=-1)
    torch.testing.assert_close((projected * head.atoms).sum(dim=-1), means, atol=1e-4, rtol=1e-4)


def test_categorical_target_of_several_critics() -> None:
    head = CategoricalHead(3, -1.0, 1.0)
    # means 0.3 and 0.1 in the first row of the batch, -0.3 and 0.1 in the second
    first = torch.tensor([[0.2, 0.3, 0.5], [0.5, 0.3, 0.2]])
    second = torch.tensor([[0.4, 0.1, 0.5], [0.4, 0.1, 0.5]])
    outputs = torch.stack([first, second]).log()
    torch.testing.assert_close(head.values(outputs), torch.tensor([[0.3, -0.3], [0.1, 0.1]]))
    still = (torch.zeros(2), torch.ones(2), torch.zeros(2))
    torch.testing.assert_close(head.target(outputs, *still, "min"), torch.stack([second[0], first[1]]))
    torch.testing.assert_close(head.target(outputs, *still, "mean"), 0.5 * (first + second))


def test_cross_entropy() -> None:
    outputs = torch.tensor([[[0.0, math.log(3.0)]], [[0.0, 0.0]]])
    # -(log 0.25 + log 0.75) / 2 of the first critic, log 2 of the second
    expected = 0.8369882 + 0.6931472
    assert CategoricalHead(2, 0.0, 1.0).loss(outputs, torch.tensor([[0.5, 0.5]])).item() == pytest.approx(expected)


def test_cross_entropy_is_a_mean_over_the_batch() -> None:
    head, logits, target = CategoricalHead(4, 0.0, 1.0), torch.randn(2, 3, 4), torch.rand(3, 4).softmax(dim=-1)
    twice = head.loss(logits.repeat(1, 2, 1), target.repeat(2, 1))
    torch.testing.assert_close(twice, head.loss(logits, target))


def test_bad_atoms_are_refused() -> None:
    with pytest.raises(ValueError, match="two atoms or more"):
        CategoricalHead(1, 0.0, 1.0)
    with pytest.raises(ValueError, match="v_min < v_max"):
        CategoricalHead(11, 1.0, 1.0)
