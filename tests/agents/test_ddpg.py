"""The formulas of DDPG and TD3, by hand."""

import pytest
import torch
from networks import make_batch, make_ddpg, two_transitions


def test_td_target_of_one_critic(monkeypatch: pytest.MonkeyPatch) -> None:
    ddpg = make_ddpg({"num_critics": 1})
    monkeypatch.setattr(ddpg.critic_target, "forward", lambda features, actions: torch.tensor([[[5.0], [9.0]]]))
    # 1 + 0.9 * 5; the failure is worth its reward alone
    torch.testing.assert_close(ddpg.td_target(two_transitions()), torch.tensor([[5.5], [2.0]]))


def test_twin_critics_and_target_smoothing(monkeypatch: pytest.MonkeyPatch) -> None:
    td3 = make_ddpg(target_noise=0.2, target_noise_clip=0.5)
    monkeypatch.setattr(td3.actor_target, "sample", lambda features: torch.tensor([[0.9, 0.2], [0.3, 0.1]]))
    # 0.2 times this is 0.2, 0.6 (more than the clip), -0.8 (less than minus the clip), -0.1
    monkeypatch.setattr(torch, "randn_like", lambda actions: torch.tensor([[1.0, 3.0], [-4.0, -0.5]]))
    seen = []

    def critics(features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        seen.append(actions)
        return torch.tensor([[[5.0], [5.0]], [[4.0], [9.0]]])

    monkeypatch.setattr(td3.critic_target, "forward", critics)
    torch.testing.assert_close(td3.td_target(two_transitions()), torch.tensor([[1.0 + 0.9 * 4.0], [2.0]]))
    # min(0.9 + 0.2, 1), 0.2 + 0.5, 0.3 - 0.5, 0.1 - 0.1
    torch.testing.assert_close(seen[0], torch.tensor([[1.0, 0.7], [-0.2, 0.0]]))


def test_the_actor_climbs_the_first_critic() -> None:
    ddpg = make_ddpg()
    batch = make_batch()
    actions = ddpg.actor.sample(batch.obs["policy"])
    loss, figures = ddpg.actor_loss(batch)
    torch.testing.assert_close(loss, -ddpg.critic.q_values(batch.obs["policy"], actions)[0].mean())
    torch.testing.assert_close(figures["actor"], loss.detach())
    loss.backward()
    assert all(parameter.grad is not None for parameter in ddpg.actor.parameters())
    assert all(parameter.grad is None for parameter in ddpg.critic.parameters())


def test_targets_move_with_the_actor() -> None:
    ddpg = make_ddpg(tau=0.25)
    before = [weight.clone() for weight in (*ddpg.actor_target.parameters(), *ddpg.critic_target.parameters())]
    ddpg.update_batch(make_batch(), with_actor=False)
    after = [*ddpg.actor_target.parameters(), *ddpg.critic_target.parameters()]
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    ddpg.update_batch(make_batch(), with_actor=True)
    online = [*ddpg.actor.parameters(), *ddpg.critic.parameters()]
    for old, new, learned in zip(before, after, online, strict=True):
        torch.testing.assert_close(new, 0.75 * old + 0.25 * learned)


def test_negative_noise_is_refused() -> None:
    with pytest.raises(ValueError, match="target_noise"):
        make_ddpg(target_noise=-0.1)
