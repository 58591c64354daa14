"""The deterministic policy and its noise, which differs by environment."""

from typing import Any

import pytest
import torch

from humanoid_vla.policies.deterministic import DeterministicPolicy

GROUPS = {"actor": ["state"]}


def make_policy(num_envs: int = 2000, **kwargs: Any) -> DeterministicPolicy:
    torch.manual_seed(0)
    return DeterministicPolicy({"state": torch.zeros(num_envs, 3)}, GROUPS, "actor", 2, (16,), **kwargs)


def test_plays_without_noise() -> None:
    policy = make_policy()
    obs = {"state": torch.randn(7, 3)}  # any number of rows
    policy.update_normalization(obs)
    torch.testing.assert_close(policy(obs), torch.tanh(policy.mlp(policy.encode(obs))))
    torch.testing.assert_close(policy.sample(policy.encode(obs)), policy(obs))


def test_gradients_reach_the_features() -> None:
    policy = make_policy()
    features = torch.randn(7, 3, requires_grad=True)
    policy.sample(features).sum().backward()
    assert features.grad is not None
    assert all(parameter.grad is not None for parameter in policy.parameters())


def test_every_environment_draws_its_own_noise_uniformly() -> None:
    policy = make_policy(noise_std_range=(0.1, 0.5))
    std = policy.noise_std
    assert std.shape == (2000, 1)
    assert 0.1 <= std.min() < 0.101
    assert 0.499 < std.max() <= 0.5
    assert std.mean().item() == pytest.approx(0.3, abs=0.01)
    assert std.std().item() == pytest.approx(0.4 / 12**0.5, abs=0.005)


def test_noise_has_the_size_its_environment_drew() -> None:
    policy = make_policy(num_envs=3, noise_std_range=(0.05, 0.2))
    policy.noise_std.copy_(torch.tensor([[0.0], [0.05], [0.2]]))
    obs = {"state": torch.zeros(3, 3)}
    noise = torch.stack([policy(obs, stochastic_output=True) - policy(obs) for _ in range(4000)])  # (4000, 3, 2)
    torch.testing.assert_close(noise.std(dim=(0, 2)), policy.noise_std.squeeze(-1), rtol=0.05, atol=1e-6)
    torch.testing.assert_close(policy.output_std, policy.noise_std)


def test_actions_stay_within_bounds() -> None:
    policy = make_policy(noise_std_range=(5.0, 5.0))
    actions = policy({"state": torch.zeros(2000, 3)}, stochastic_output=True)
    assert actions.abs().max() == 1.0
    assert policy.noise_std.unique().tolist() == [5.0]


@pytest.mark.parametrize("dtype", [torch.bool, torch.long])
def test_noise_is_drawn_anew_only_where_an_episode_ended(dtype: torch.dtype) -> None:
    policy = make_policy(num_envs=4)
    before = policy.noise_std.clone()
    with torch.inference_mode():  # as in the runner's rollouts
        policy.reset(torch.tensor([0, 1, 0, 1], dtype=dtype))
    assert (policy.noise_std != before).squeeze(-1).tolist() == [False, True, False, True]
    before = policy.noise_std.clone()
    policy.reset()
    assert (policy.noise_std != before).all()


def test_a_checkpoint_fits_another_number_of_environments() -> None:
    make_policy(num_envs=1).load_state_dict(make_policy(num_envs=4).state_dict())


def test_bad_ranges_are_refused() -> None:
    for noise_std_range in ((0.4, 0.1), (-0.1, 0.1)):
        with pytest.raises(ValueError, match="noise_std_range"):
            make_policy(noise_std_range=noise_std_range)
