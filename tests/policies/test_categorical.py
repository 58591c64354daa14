"""The policy over named actions."""

import math
from typing import Any

import pytest
import torch

from humanoid_vla.policies.categorical import CategoricalPolicy, one_hot_argmax

GROUPS = {"actor": ["state"]}


def make_policy(num_actions: int = 6, **kwargs: Any) -> CategoricalPolicy:
    torch.manual_seed(0)
    return CategoricalPolicy({"state": torch.zeros(5, 3)}, GROUPS, "actor", num_actions, (16,), **kwargs)


def with_logits(logits: list[float]) -> CategoricalPolicy:
    """A policy that gives these logits whatever it sees."""
    policy = make_policy(len(logits), action_names=[str(number) for number in range(len(logits))])
    torch.nn.init.zeros_(policy.mlp[-1].weight)  # pyright: ignore[reportArgumentType]
    policy.mlp[-1].bias.data.copy_(torch.tensor(logits))  # pyright: ignore
    return policy


def test_actions_have_names() -> None:
    names = ("move_forward", "turn_left", "turn_right", "stop", "grasp", "release")
    assert make_policy().action_names == names


def test_distribution_by_hand() -> None:
    # softmax of (0, log 2, log 5) is (1, 2, 5) / 8
    probs, log_probs = with_logits([0.0, math.log(2.0), math.log(5.0)]).distribution(torch.randn(4, 3))
    expected = torch.tensor([0.125, 0.25, 0.625]).expand(4, 3)
    torch.testing.assert_close(probs, expected)
    torch.testing.assert_close(log_probs, expected.log())


def test_impossible_actions_have_finite_log_probabilities() -> None:
    probs, log_probs = with_logits([0.0, 200.0]).distribution(torch.zeros(1, 3))
    assert probs.tolist() == [[0.0, 1.0]]
    assert log_probs.tolist() == [[-200.0, 0.0]]


def test_plays_the_most_probable_action() -> None:
    policy = make_policy()
    obs = {"state": torch.randn(50, 3)}
    policy.update_normalization(obs)
    actions = policy(obs)
    assert actions.dtype == torch.float32
    assert actions.sum(dim=-1).tolist() == [1.0] * 50
    probs, _ = policy.distribution(policy.encode(obs))
    assert torch.equal(actions.argmax(dim=-1), probs.argmax(dim=-1))
    assert one_hot_argmax(torch.tensor([[0.1, 0.3, 0.2]])).tolist() == [[0.0, 1.0, 0.0]]


def test_samples_follow_the_distribution() -> None:
    policy = with_logits([0.0, math.log(2.0), math.log(5.0)])
    expected = torch.tensor([0.125, 0.25, 0.625])
    for actions in (policy.sample(torch.zeros(40_000, 3)), policy({"state": torch.zeros(40_000, 3)}, True)):
        assert actions.unique().tolist() == [0.0, 1.0]
        # four standard errors of a share of 40 000 draws
        torch.testing.assert_close(actions.mean(dim=0), expected, atol=4.0 * 0.5 / 200.0, rtol=0.0)
    # of an entry that is one with probability p: p (1 - p)
    torch.testing.assert_close(policy.output_std[0], (expected * (1.0 - expected)).sqrt())


def test_gradients_flow_through_the_distribution() -> None:
    policy = make_policy()
    probs, log_probs = policy.distribution(torch.randn(7, 3))
    (probs * log_probs).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0.0 for parameter in policy.parameters())


def test_distribution_is_computed_in_full_precision_under_autocast() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        probs, log_probs = make_policy().distribution(torch.randn(8, 3))
    assert probs.dtype == log_probs.dtype == torch.float32


def test_every_action_needs_a_name_of_its_own() -> None:
    with pytest.raises(ValueError, match="the environment has 4 actions"):
        make_policy(4)
    with pytest.raises(ValueError, match="the environment has 2 actions"):
        make_policy(2, action_names=["stop", "stop"])
