"""What all off-policy algorithms share: rollouts, and when they update what."""

import math

import pytest
import torch
from networks import OBS, make_batch, make_sac
from tensordict import TensorDict


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
    assert {int(state["step"]) for state in sac.optimizers["critic"].state.values()} == {3}
    assert {int(state["step"]) for state in sac.optimizers["actor"].state.values()} == {2}


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
    sac = make_sac(normalize=True)
    obs = TensorDict({"policy": 3.0 + torch.randn(4, 3)}, batch_size=[4])
    sac.act(obs)
    sac.process_env_step(obs, torch.ones(4), torch.zeros(4, dtype=torch.long), {})
    for network in (sac.actor, sac.critic, sac.critic_target, sac.frozen_critic):
        torch.testing.assert_close(network.trunk.obs_normalizer.mean, obs["policy"].mean(dim=0))


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
    for name in ("batch_size", "n_steps", "policy_delay"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
            make_sac(None, False, **{name: 0})


def test_step_sizes_fall_linearly_to_a_tenth() -> None:
    sac = make_sac(decay_updates=100, critic_learning_rate=1e-3, actor_learning_rate=2e-3)
    for num_updates, share in ((0, 1.0), (50, 0.55), (100, 0.1), (1000, 0.1)):
        sac.num_updates = num_updates
        sac.update()
        assert sac.optimizers["critic"].param_groups[0]["lr"] == pytest.approx(share * 1e-3)
        assert sac.learning_rate == pytest.approx(share * 2e-3)


def test_weights_decay_and_the_temperature_does_not() -> None:
    for group in make_sac(weight_decay=0.01).optimizers["actor"].param_groups:
        assert group["weight_decay"] == (0.0 if group["params"][0].dim() == 0 else 0.01)
    # with no gradient, a step of size 0.5 shrinks a weight by 0.5 * 0.01
    sac = make_sac(weight_decay=0.01, critic_learning_rate=0.5)
    before = [weight.detach().clone() for weight in sac.critic.parameters()]
    sac.minimize(0.0 * sac.critic.q_values(torch.zeros(4, 3), torch.zeros(4, 2)).sum(), sac.optimizers["critic"])
    for old, new in zip(before, sac.critic.parameters(), strict=True):
        torch.testing.assert_close(new.detach(), 0.995 * old)


def test_updates_read_returns_over_n_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    sac = make_sac(n_steps=3, gamma=0.5)
    asked = []
    monkeypatch.setattr(sac.buffer, "sample", lambda *arguments: asked.append(arguments) or make_batch())
    sac.make_updates(1)
    assert asked == [(8, 3, 0.5)]
