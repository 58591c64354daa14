"""The two-level policy: when the latent is renewed, and how it is learned."""

from typing import Any

import pytest
import torch

from humanoid_vla.policies.hierarchical import HierarchicalPolicy, hold
from humanoid_vla.policies.squashed_gaussian import squashed_log_prob

GROUPS = {"actor": ["state"]}


def make_policy(num_envs: int = 3, **kwargs: Any) -> HierarchicalPolicy:
    torch.manual_seed(0)
    obs = {"state": torch.zeros(num_envs, 4)}
    settings: dict[str, Any] = {"high_level_dims": (8,), "latent_dim": 2, "latent_interval": 3} | kwargs
    return HierarchicalPolicy(obs, GROUPS, "actor", 2, (8,), **settings)


def latents_of(policy: HierarchicalPolicy, obs: dict[str, torch.Tensor]) -> torch.Tensor:
    return policy.high_level(policy.encode(obs))


def test_the_latent_is_held_for_its_interval() -> None:
    policy = make_policy()
    steps = [{"state": torch.randn(3, 4)} for _ in range(7)]
    held_from = [0, 0, 0, 3, 3, 3, 6]
    for obs, origin in zip(steps, held_from, strict=True):
        actions = policy(obs)
        expected = latents_of(policy, steps[origin])
        torch.testing.assert_close(policy.latent, expected)
        low_level_input = torch.cat([policy.encode(obs), expected], dim=-1)
        torch.testing.assert_close(actions, torch.tanh(policy.mlp(low_level_input)[:, :2]))


@pytest.mark.parametrize("dtype", [torch.bool, torch.long])
def test_the_end_of_an_episode_renews_the_latent_of_its_environment_alone(dtype: torch.dtype) -> None:
    policy = make_policy()
    steps = [{"state": torch.randn(3, 4)} for _ in range(4)]
    with torch.inference_mode():  # as in the runner's rollouts
        policy(steps[0], stochastic_output=True)
        policy.reset(torch.tensor([0, 1, 0], dtype=dtype))
        policy(steps[1], stochastic_output=True)
        first, second = latents_of(policy, steps[0]), latents_of(policy, steps[1])
        torch.testing.assert_close(policy.latent, torch.stack([first[0], second[1], first[2]]))
        # from here on each counts by itself: the others' three steps are over one step earlier
        policy(steps[2])
        policy(steps[3])
        fourth = latents_of(policy, steps[3])
        torch.testing.assert_close(policy.latent, torch.stack([fourth[0], second[1], fourth[2]]))
    policy.reset()
    policy(steps[2])
    torch.testing.assert_close(policy.latent, latents_of(policy, steps[2]))


def test_with_an_interval_of_one_it_acts_as_it_learns() -> None:
    policy = make_policy(latent_interval=1, log_std_bounds=(-20.0, -19.0))
    for _ in range(3):
        obs = {"state": torch.randn(3, 4)}
        torch.testing.assert_close(policy(obs), policy.sample(policy.encode(obs))[0], atol=1e-6, rtol=1e-6)


def test_updates_leave_the_rollout_alone() -> None:
    policy = make_policy()
    policy({"state": torch.randn(3, 4)})
    latent, phase = policy.latent.clone(), policy.phase.clone()
    policy.sample(torch.randn(64, 4))
    assert torch.equal(policy.latent, latent)
    assert torch.equal(policy.phase, phase)


def test_both_levels_learn_from_one_loss() -> None:
    policy = make_policy()
    actions, log_prob = policy.sample(torch.randn(64, 4))
    assert actions.shape == (64, 2)
    assert log_prob.shape == (64,)
    (actions.sum() + log_prob.sum()).backward()
    parameters = [*policy.high_level.parameters(), *policy.mlp.parameters()]
    assert len(parameters) == len(list(policy.parameters())) == 8
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0.0 for parameter in parameters)


def test_sample_returns_the_density_of_its_own_action() -> None:
    policy = make_policy()
    features = torch.randn(64, 4)
    torch.manual_seed(1)
    actions, log_prob = policy.sample(features)
    outputs = policy.mlp(torch.cat([features, policy.high_level(features)], dim=-1))
    mean, log_std = policy._mean_and_log_std(outputs)
    u = torch.atanh(actions)
    expected = squashed_log_prob(u, (u - mean) / log_std.exp(), log_std)
    torch.testing.assert_close(log_prob, expected, atol=1e-3, rtol=1e-3)


def test_another_number_of_environments_starts_anew() -> None:
    policy = make_policy()
    policy({"state": torch.randn(3, 4)})
    with torch.inference_mode():
        obs = {"state": torch.randn(5, 4)}
        policy(obs)
    torch.testing.assert_close(policy.latent, latents_of(policy, obs))
    # what inference mode has made can be learned through
    policy({"state": torch.randn(5, 4)}).sum().backward()
    make_policy(num_envs=1).load_state_dict(policy.state_dict())


def test_hold_by_hand() -> None:
    fresh, held = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[-1.0], [-2.0], [-3.0]])
    assert hold(fresh, held, torch.tensor([[0], [1], [2]])).tolist() == [[1.0], [-2.0], [-3.0]]


def test_a_latent_needs_length_and_duration() -> None:
    with pytest.raises(ValueError, match="must be positive, got 0, 3"):
        make_policy(latent_dim=0)
    with pytest.raises(ValueError, match="must be positive, got 2, 0"):
        make_policy(latent_interval=0)
