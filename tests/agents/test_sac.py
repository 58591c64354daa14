"""The formulas of soft actor-critic, by hand; and what its constructor refuses."""

import math
from typing import Any

import pytest
import torch
from tensordict import TensorDict
from torch import nn

from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.sac import SAC, polyak_update, temperature_loss
from humanoid_vla.policies.critic import TwinCritic
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy

OBS = {"policy": torch.zeros(4, 3)}
GROUPS = {"actor": ["policy"], "critic": ["policy"]}


def make_sac(**kwargs: Any) -> SAC:
    torch.manual_seed(0)
    actor = SquashedGaussianPolicy(OBS, GROUPS, "actor", 2, (8,), obs_normalization=False)
    critic = TwinCritic(OBS, GROUPS, "critic", 2, (8,), obs_normalization=False)
    settings: dict[str, Any] = {"learning_starts": 0, "batch_size": 8} | kwargs
    return SAC(actor, critic, ReplayBuffer(OBS, 2, 400, "cpu"), **settings)


def make_batch(size: int = 8) -> Batch:
    obs, next_obs = {"policy": torch.randn(size, 3)}, {"policy": torch.randn(size, 3)}
    return Batch(obs, torch.rand(size, 2), torch.randn(size), next_obs, (torch.arange(size) % 2).float())


def test_polyak_update() -> None:
    target, online = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.constant_(target.weight, 2.0)
    nn.init.constant_(online.weight, 10.0)
    polyak_update(target, online, tau=0.25)
    assert target.weight.item() == 4.0  # 0.75 * 2 + 0.25 * 10
    assert online.weight.item() == 10.0


def test_temperature_loss_and_its_gradient() -> None:
    log_alpha = torch.tensor(-0.5, requires_grad=True)
    log_prob = torch.tensor([1.0, 4.0], requires_grad=True)
    loss = temperature_loss(log_alpha, log_prob, target_entropy=-2.0)
    assert loss.item() == pytest.approx(0.25)  # 0.5 * (2.5 - 2)
    loss.backward()
    # the entropy is -2.5, below its target of -2: gradient descent raises the temperature
    assert log_alpha.grad is not None
    assert log_alpha.grad.item() == pytest.approx(-0.5)
    assert log_prob.grad is None


def test_td_target_bootstraps_through_time_outs_and_not_through_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    sac = make_sac(gamma=0.9)
    monkeypatch.setattr(sac.actor, "sample", lambda flat: (torch.zeros(2, 2), torch.tensor([1.5, 1.5])))
    monkeypatch.setattr(sac.critic_target, "forward", lambda obs, actions: torch.tensor([[5.0, 5.0], [4.0, 9.0]]))
    rewards = torch.tensor([1.0, 2.0])
    obs = {"policy": torch.zeros(2, 3)}
    batch = Batch(obs, torch.zeros(2, 2), rewards, obs, terminated=torch.tensor([0.0, 1.0]))
    # 1 + 0.9 (min(5, 4) - 0.2 * 1.5) = 4.33; the failure is worth its reward alone
    torch.testing.assert_close(sac.td_target(batch, torch.tensor(0.2)), torch.tensor([4.33, 2.0]))


def test_losses_equal_their_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    sac = make_sac(critic_learning_rate=0.0, initial_temperature=0.3)
    batch = make_batch()
    actions, log_prob = sac.actor.sample(batch.obs["policy"])
    monkeypatch.setattr(sac.actor, "sample", lambda flat: (actions, log_prob))
    alpha = sac.log_alpha.detach().exp()
    target = sac.td_target(batch, alpha)
    q = sac.critic(batch.obs["policy"], batch.actions)
    critic_loss = 0.5 * ((q[0] - target) ** 2).mean() + 0.5 * ((q[1] - target) ** 2).mean()
    actor_loss = (0.3 * log_prob - sac.critic(batch.obs["policy"], actions).min(dim=0).values).mean()
    figures = sac.update_batch(batch)
    torch.testing.assert_close(figures["critic"], critic_loss.detach())
    torch.testing.assert_close(figures["actor"], actor_loss.detach())
    torch.testing.assert_close(figures["entropy"], -log_prob.detach().mean())
    assert figures["alpha"].item() == pytest.approx(0.3)


def test_each_loss_moves_its_own_networks_only() -> None:
    sac = make_sac(actor_learning_rate=0.0, alpha_learning_rate=0.0)
    actor = [parameter.clone() for parameter in sac.actor.parameters()]
    sac.update_batch(make_batch())
    gradients = [parameter.grad.clone() for parameter in sac.critic.parameters()]
    # the critic's gradients are those of its own loss: the actor's loss added nothing to them
    sac.critic_optimizer.zero_grad()
    fresh = make_sac(critic_learning_rate=0.0, actor_learning_rate=0.0, policy_delay=2)
    fresh.num_updates = 1  # no actor update this time
    fresh.update_batch(make_batch())
    for one, other in zip(gradients, fresh.critic.parameters(), strict=True):
        torch.testing.assert_close(one, other.grad)
    assert all(torch.equal(old, new) for old, new in zip(actor, sac.actor.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in sac.critic_target.parameters())
    assert all(parameter.requires_grad for parameter in sac.critic.parameters())


def test_policy_delay_and_fractional_updates() -> None:
    sac = make_sac(policy_delay=2, updates_per_step=0.75)
    obs = TensorDict(OBS, batch_size=[4])
    figures = {}
    for updates in (0, 1, 2, 3):  # 0.75, 1.5, 2.25, 3: a remainder is kept for the next call
        sac.act(obs)
        sac.process_env_step(obs, torch.ones(4), torch.zeros(4, dtype=torch.long), {})
        figures = sac.update()
        assert sac.num_updates == updates
    assert figures.keys() == {"critic", "q", "actor", "alpha", "entropy"}
    assert all(isinstance(value, float) and math.isfinite(value) for value in figures.values())
    assert sac.update() == {}
    # Adam counts its steps: three for the critic, two for the actor
    assert {int(state["step"]) for state in sac.critic_optimizer.state.values()} == {3}
    assert {int(state["step"]) for state in sac.actor_optimizer.state.values()} == {2}


def test_actions_are_uniform_until_learning_starts() -> None:
    sac = make_sac(learning_starts=8)
    sac.actor.mlp[-1].weight.data.zero_()
    sac.actor.mlp[-1].bias.data.fill_(-100.0)  # mean -100: every action of the policy is -1
    obs = TensorDict(OBS, batch_size=[4])
    for _ in range(2):
        actions = sac.act(obs)
        assert actions.unique().numel() == 8
        assert actions.abs().max() <= 1.0
        assert sac.update() == {}
        sac.process_env_step(obs, torch.ones(4), torch.zeros(4, dtype=torch.long), {})
    assert (sac.act(obs) == -1.0).all()
    assert len(sac.update()) == 5


def test_a_new_call_of_learn_continues_nothing() -> None:
    sac = make_sac()
    for first in (0.0, 100.0):  # between the calls the environment went elsewhere
        sac.train_mode()
        for value in (first, first + 1.0):
            sac.act(TensorDict({"policy": torch.full((4, 3), value)}, batch_size=[4]))
            next_obs = TensorDict({"policy": torch.full((4, 3), value + 1.0)}, batch_size=[4])
            sac.process_env_step(next_obs, torch.ones(4), torch.zeros(4, dtype=torch.long), {})
    batch = sac.buffer.sample(200)
    torch.testing.assert_close(batch.next_obs["policy"], batch.obs["policy"] + 1.0)
    assert batch.obs["policy"].unique().tolist() == [0.0, 1.0, 100.0, 101.0]


def test_critic_and_target_share_their_statistics() -> None:
    critic = TwinCritic(OBS, GROUPS, "critic", 2, (8,))
    actor = SquashedGaussianPolicy(OBS, GROUPS, "actor", 2, (8,))
    sac = SAC(actor, critic, ReplayBuffer(OBS, 2, 400, "cpu"), learning_starts=0)
    obs = TensorDict({"policy": 3.0 + torch.randn(4, 3)}, batch_size=[4])
    sac.act(obs)
    sac.process_env_step(obs, torch.ones(4), torch.zeros(4, dtype=torch.long), {})
    for network in (sac.actor, sac.critic, sac.critic_target):
        torch.testing.assert_close(network.obs_normalizer.mean, obs["policy"].mean(dim=0))


def test_time_outs_without_final_observations_are_refused() -> None:
    sac = make_sac()
    obs = TensorDict(OBS, batch_size=[4])
    sac.act(obs)
    dones = torch.tensor([0, 1, 0, 1])
    sac.process_env_step(obs, torch.ones(4), dones, {"time_outs": torch.zeros(4, dtype=torch.bool)})
    with pytest.raises(ValueError, match=r"env_cfg\.compute_final_obs = True"):
        sac.process_env_step(obs, torch.ones(4), dones, {"time_outs": dones.bool()})


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match=r"learning_starts \(201\) must be at most half the buffer's 400 rows"):
        make_sac(learning_starts=201)
    with pytest.raises(ValueError, match="updates_per_step"):
        make_sac(updates_per_step=0.0)


def test_step_sizes_fall_linearly_to_a_tenth() -> None:
    sac = make_sac(decay_updates=100, critic_learning_rate=1e-3, actor_learning_rate=2e-3)
    for num_updates, share in ((0, 1.0), (50, 0.55), (100, 0.1), (1000, 0.1)):
        sac.num_updates = num_updates
        sac.update()
        assert sac.critic_optimizer.param_groups[0]["lr"] == pytest.approx(share * 1e-3)
        assert sac.learning_rate == pytest.approx(share * 2e-3)
