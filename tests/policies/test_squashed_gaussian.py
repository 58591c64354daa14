"""The squashed Gaussian policy: its density, its bounds, its observation groups."""

import math
from typing import Any

import pytest
import torch
from torch.distributions import Normal, TanhTransform, TransformedDistribution

from humanoid_vla.policies.squashed_gaussian import LARGEST_ACTION, SquashedGaussianPolicy, squashed_log_prob

GROUPS = {"actor": ["b", "a"]}


def make_policy(**kwargs: Any) -> SquashedGaussianPolicy:
    obs = {"a": torch.zeros(5, 3), "b": torch.zeros(5, 2), "unread": torch.zeros(5, 7)}
    return SquashedGaussianPolicy(obs, GROUPS, "actor", 4, hidden_dims=(16, 16), **kwargs)


@pytest.mark.parametrize(
    ("u", "log_std", "expected"),
    [
        (0.0, 0.0, -0.9189385),  # log N(0; 0, 1), tanh'(0) = 1
        (1.0, 0.0, -0.5513768),  # -0.9189385 - 1 / 2 - log(1 - 0.7615942^2)
        (1.0, math.log(2.0), -0.8695239),  # -0.9189385 - 1 / 8 - log 2 + 0.8675617
    ],
)
def test_log_density_hand_computed(u: float, log_std: float, expected: float) -> None:
    sample = torch.tensor([[u]])
    log_prob = squashed_log_prob(sample, sample / math.exp(log_std), torch.tensor([[log_std]]))
    torch.testing.assert_close(log_prob, torch.tensor([expected]))


def test_log_density_equals_torch_distributions() -> None:
    torch.manual_seed(0)
    mean, log_std, noise = torch.randn(3, 50, 6, dtype=torch.float64)
    u = mean + log_std.exp() * noise
    reference = TransformedDistribution(Normal(mean, log_std.exp()), TanhTransform(cache_size=1))
    # the inverse of tanh is exact where the distribution remembers it
    actions = reference.transforms[0](u)
    assert actions is not None
    torch.testing.assert_close(squashed_log_prob(u, noise, log_std), reference.log_prob(actions).sum(dim=-1))


def test_log_density_stays_exact_where_tanh_rounds_to_one() -> None:
    u = torch.tensor([[30.0, -30.0]])
    # log(1 - tanh(u)^2) -> 2 log 2 - 2 |u|; the naive log(1 - 1) is minus infinity
    expected = -math.log(2.0 * math.pi) - 2.0 * (2.0 * math.log(2.0) - 60.0)
    torch.testing.assert_close(squashed_log_prob(u, torch.zeros(1, 2), torch.zeros(1, 2)), torch.tensor([expected]))


def test_sample_returns_the_density_of_its_own_action() -> None:
    torch.manual_seed(0)
    policy = make_policy()
    features = torch.randn(64, 5)
    actions, log_prob = policy.sample(features)
    mean, log_std = policy._mean_and_log_std(policy.mlp(features))
    u = torch.atanh(actions.double())
    reference = Normal(mean.double(), log_std.double().exp()).log_prob(u) - torch.log1p(-actions.double().square())
    torch.testing.assert_close(log_prob.double(), reference.sum(dim=-1), atol=1e-3, rtol=1e-4)


def test_density_of_given_actions_is_that_of_a_sample() -> None:
    torch.manual_seed(0)
    policy = make_policy()
    features = torch.randn(200, 5)
    with torch.no_grad():
        actions, expected = policy.sample(features)
        log_prob = policy.log_prob(features, actions)
    inside = (actions.abs() < LARGEST_ACTION).all(dim=-1)
    assert inside.any()
    torch.testing.assert_close(log_prob[inside], expected[inside], rtol=1e-3, atol=1e-3)


def test_density_integrates_to_one() -> None:
    u = torch.linspace(-8.0, 8.0, 20_001, dtype=torch.float64).unsqueeze(-1)
    log_std = torch.full_like(u, math.log(0.7))
    log_prob = squashed_log_prob(u, (u - 0.3) / 0.7, log_std)
    torch.testing.assert_close(torch.trapezoid(log_prob.exp(), torch.tanh(u).squeeze(-1)).item(), 1.0)


def test_groups_are_read_in_order_and_actions_are_bounded() -> None:
    torch.manual_seed(0)
    policy = make_policy()
    obs = {"a": 100.0 * torch.randn(8, 3), "b": 100.0 * torch.randn(8, 2)}
    policy.update_normalization(obs)
    flat = torch.cat([obs["b"], obs["a"]], dim=-1)
    torch.testing.assert_close(policy.encode(obs), policy.trunk.obs_normalizer(flat))
    for stochastic in (False, True):
        actions = policy(obs, stochastic_output=stochastic)
        assert actions.shape == (8, 4)
        assert actions.abs().max() <= 1.0
    mean, log_std = policy._mean_and_log_std(policy.mlp(policy.encode(obs)))
    torch.testing.assert_close(policy(obs), torch.tanh(mean))
    torch.testing.assert_close(policy.output_std, log_std.exp())
    policy.reset(torch.ones(8, dtype=torch.bool))


def test_exploration_has_the_spread_it_says() -> None:
    torch.manual_seed(0)
    policy = make_policy(log_std_bounds=(-3.0, -2.0))
    obs = {"a": torch.randn(1, 3).expand(20_000, 3), "b": torch.randn(1, 2).expand(20_000, 2)}
    u = torch.atanh(policy(obs, stochastic_output=True))
    torch.testing.assert_close(u.std(dim=0), policy.output_std[0], rtol=0.03, atol=0.0)
    torch.testing.assert_close(torch.tanh(u.mean(dim=0)), policy(obs)[0], rtol=0.0, atol=0.01)


def test_log_std_stays_within_its_bounds() -> None:
    policy = make_policy(log_std_bounds=(-3.0, 0.5))
    _, log_std = policy._mean_and_log_std(1e4 * torch.randn(100, 8))
    assert log_std.min() >= -3.0
    assert log_std.max() <= 0.5
    _, middle = policy._mean_and_log_std(torch.zeros(1, 8))
    torch.testing.assert_close(middle, torch.full((1, 4), -1.25))


def test_density_is_computed_in_full_precision_under_autocast() -> None:
    policy = make_policy()
    with torch.autocast("cpu", torch.bfloat16):
        actions, log_prob = policy.sample(torch.randn(8, 5))
    assert actions.dtype == log_prob.dtype == torch.float32


def test_bad_input_is_named() -> None:
    obs = {"a": torch.zeros(5, 3), "image": torch.zeros(5, 8, 8, 3)}
    with pytest.raises(ValueError, match="'b' is missing"):
        SquashedGaussianPolicy(obs, {"actor": ["b"]}, "actor", 4)
    with pytest.raises(ValueError, match="'image' must be"):
        SquashedGaussianPolicy(obs, {"actor": ["image"]}, "actor", 4)
    with pytest.raises(ValueError, match="unknown activation 'sine'"):
        SquashedGaussianPolicy(obs, {"actor": ["a"]}, "actor", 4, activation="sine")
    with pytest.raises(ValueError, match="log_std_bounds"):
        SquashedGaussianPolicy(obs, {"actor": ["a"]}, "actor", 4, log_std_bounds=(2.0, -5.0))
