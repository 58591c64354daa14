"""Critics of continuous and of discrete actions."""

from typing import Any

import pytest
import torch

from humanoid_vla.policies.critic import DiscreteCritic, EnsembleCritic

OBS = {"state": torch.zeros(5, 6), "camera": torch.zeros(5, 8, 8, 3, dtype=torch.uint8)}
GROUPS = {"critic": ["state"], "both": ["state", "camera"]}


def make_critic(**kwargs: Any) -> EnsembleCritic:
    torch.manual_seed(0)
    return EnsembleCritic(OBS, GROUPS, "critic", 3, (16, 8), **kwargs)


@pytest.mark.parametrize(("num_atoms", "num_outputs"), [(None, 1), (7, 7)])
@pytest.mark.parametrize("num_critics", [1, 2, 5])
def test_shapes(num_critics: int, num_atoms: int | None, num_outputs: int) -> None:
    value_range = None if num_atoms is None else (-1.0, 1.0)
    critic = make_critic(num_critics=num_critics, num_atoms=num_atoms, value_range=value_range, layer_norm=True)
    features, actions = critic.encode({"state": torch.randn(10, 6)}), torch.randn(10, 3)
    assert critic(features, actions).shape == (num_critics, 10, num_outputs)
    assert critic.q_values(features, actions).shape == (num_critics, 10)
    assert critic.value(features, actions).shape == (10,)


@pytest.mark.parametrize("reduction", ["min", "mean"])
def test_value_is_the_reduced_one(reduction: str) -> None:
    critic = make_critic(reduction=reduction, num_critics=3)
    features, actions = torch.randn(10, 6), torch.randn(10, 3)
    q = critic.q_values(features, actions)
    expected = q.min(dim=0).values if reduction == "min" else q.sum(dim=0) / 3.0
    torch.testing.assert_close(critic.value(features, actions), expected)


def test_value_of_a_distribution_is_its_mean() -> None:
    critic = make_critic(num_atoms=3, value_range=(-1.0, 3.0), num_critics=1)
    features, actions = torch.randn(10, 6), torch.randn(10, 3)
    p = critic(features, actions)[0].softmax(dim=-1)
    torch.testing.assert_close(critic.value(features, actions), -p[:, 0] + p[:, 1] + 3.0 * p[:, 2])


def test_observations_are_normalised_and_actions_are_not() -> None:
    critic = make_critic()
    critic.update_normalization({"state": 5.0 + 3.0 * torch.randn(1000, 6)})
    obs, actions = {"state": torch.randn(10, 6)}, torch.randn(10, 3)
    seen: list[torch.Tensor] = []
    critic.mlp.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    critic(critic.encode(obs), actions)
    normalised = (obs["state"] - critic.trunk.obs_normalizer.mean) / (critic.trunk.obs_normalizer.var.sqrt() + 0.01)  # pyright: ignore
    torch.testing.assert_close(seen[0], torch.cat([normalised, actions], dim=-1))


def test_reads_images() -> None:
    critic = EnsembleCritic(OBS, GROUPS, "both", 3, (16,))
    obs = {"state": torch.randn(4, 6), "camera": torch.randint(0, 256, (4, 8, 8, 3), dtype=torch.uint8)}
    critic.value(critic.encode(obs), torch.randn(4, 3)).sum().backward()
    assert all(parameter.grad is not None for parameter in critic.trunk.encoders.parameters())
    assert (critic.obs_groups, critic.obs_dim) == (["state", "camera"], 6)


def test_discrete_critic_gives_all_actions_at_once() -> None:
    critic = DiscreteCritic(OBS, GROUPS, "critic", 4, (16,), num_critics=3, layer_norm=True)
    features = critic.encode({"state": torch.randn(10, 6)})
    q = critic(features)
    assert q.shape == (3, 10, 4)
    torch.testing.assert_close(critic.value(features), q.min(dim=0).values)
    mean = DiscreteCritic(OBS, GROUPS, "critic", 4, (16,), num_critics=3, layer_norm=True, reduction="mean")
    mean.load_state_dict(critic.state_dict())
    torch.testing.assert_close(mean.value(features), q.mean(dim=0))


def test_bad_settings_are_named() -> None:
    for critic_class in (EnsembleCritic, DiscreteCritic):
        with pytest.raises(ValueError, match="unknown reduction 'max'"):
            critic_class(OBS, GROUPS, "critic", 3, reduction="max")
    with pytest.raises(ValueError, match="both num_atoms and value_range"):
        make_critic(num_atoms=11)
    with pytest.raises(ValueError, match="both num_atoms and value_range"):
        make_critic(value_range=(-1.0, 1.0))
