"""The formulas of soft actor-critic, by hand."""

import pytest
import torch
from networks import make_batch, make_sac, two_transitions


@pytest.mark.parametrize(("reduction", "expected"), [("min", [4.33, 2.0]), ("mean", [4.78, 2.0])])
def test_td_target_bootstraps_through_time_outs_and_not_through_failures(
    reduction: str, expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    sac = make_sac({"reduction": reduction}, initial_temperature=0.2)
    monkeypatch.setattr(sac.actor, "sample", lambda features: (torch.zeros(2, 2), torch.tensor([1.5, 1.5])))
    outputs = torch.tensor([[5.0, 5.0], [4.0, 9.0]]).unsqueeze(-1)
    monkeypatch.setattr(sac.critic_target, "forward", lambda features, actions: outputs)
    # 1 + 0.9 (min(5, 4) - 0.2 * 1.5) = 4.33, or with the mean 4.5: 4.78; the failure is worth its reward alone
    torch.testing.assert_close(sac.td_target(two_transitions()).squeeze(-1), torch.tensor(expected))


def test_distributional_target_and_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    sac = make_sac({"num_atoms": 3, "value_range": (0.0, 2.0)}, initial_temperature=0.5)
    monkeypatch.setattr(sac.actor, "sample", lambda features: (torch.zeros(2, 2), torch.tensor([0.4, 0.4])))
    sure = torch.tensor([[0.0, 50.0, 0.0], [0.0, 50.0, 0.0]])  # value 1, both critics
    monkeypatch.setattr(sac.critic_target, "forward", lambda features, actions: sure.expand(2, 2, 3))
    batch = two_transitions()._replace(rewards=torch.tensor([0.0, 2.0]))
    # 0 + 0.9 (1 - 0.5 * 0.4) = 0.72: 0.28 at 0, 0.72 at 1; the failure is worth 2 for sure
    target = sac.td_target(batch)
    torch.testing.assert_close(target, torch.tensor([[0.28, 0.72, 0.0], [0.0, 0.0, 1.0]]))
    monkeypatch.setattr(sac.critic, "forward", lambda features, actions: torch.zeros(2, 2, 3, requires_grad=True))
    loss, figures = sac.critic_loss(batch)
    assert loss.item() == pytest.approx(2 * 1.0986123)  # log 3 for each of two critics
    assert figures["q"].item() == pytest.approx(1.0)


def test_losses_equal_their_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    sac = make_sac(critic_learning_rate=0.0, initial_temperature=0.3)
    batch = make_batch()
    actions, log_prob = sac.actor.sample(sac.actor.encode(batch.obs))
    monkeypatch.setattr(sac.actor, "sample", lambda features: (actions, log_prob))
    target = sac.td_target(batch).squeeze(-1)
    q = sac.critic.q_values(batch.obs["policy"], batch.actions)
    critic_loss = 0.5 * ((q[0] - target) ** 2).mean() + 0.5 * ((q[1] - target) ** 2).mean()
    actor_loss = (0.3 * log_prob - sac.critic.q_values(batch.obs["policy"], actions).min(dim=0).values).mean()
    figures = sac.update_batch(batch)
    torch.testing.assert_close(figures["critic"], critic_loss.detach())
    torch.testing.assert_close(figures["actor"], actor_loss.detach())
    torch.testing.assert_close(figures["entropy"], -log_prob.detach().mean())
    assert figures["alpha"].item() == pytest.approx(0.3)


def test_each_loss_moves_its_own_networks_only() -> None:
    sac = make_sac()
    batch = make_batch()
    sac.critic_loss(batch)[0].backward()
    assert all(parameter.grad is None for parameter in (*sac.actor.parameters(), *sac.temperature.parameters()))
    assert all(parameter.grad is None for parameter in sac.critic_target.parameters())
    gradients = [parameter.grad.clone() for parameter in sac.critic.parameters()]
    sac.actor_loss(batch)[0].backward()
    assert all(torch.equal(old, new.grad) for old, new in zip(gradients, sac.critic.parameters(), strict=True))
    assert all(parameter.grad is not None for parameter in (*sac.actor.parameters(), *sac.temperature.parameters()))


def test_the_target_entropy_grows_with_the_actions() -> None:
    assert make_sac(target_entropy_per_dim=-0.5).temperature.target_entropy == -1.0
