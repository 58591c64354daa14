"""The formulas of discrete soft actor-critic, by hand."""

import math

import pytest
import torch
from networks import make_discrete_sac, two_transitions

PROBS = torch.tensor([[0.25, 0.75], [0.5, 0.5]])
Q = torch.tensor([[[4.0, 8.0], [1.0, 1.0]], [[6.0, 2.0], [3.0, 3.0]]])  # (critics, batch, actions)
ENTROPY = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))  # of the first row: 0.5623


def test_td_target_is_an_expectation_over_all_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = make_discrete_sac(initial_temperature=0.5)
    monkeypatch.setattr(agent.actor, "distribution", lambda features: (PROBS, PROBS.log()))
    monkeypatch.setattr(agent.critic_target, "forward", lambda features: Q)
    # the smaller critic of each action: 4 and 2; 1 + 0.9 (0.25 * 4 + 0.75 * 2 + 0.5 * 0.5623)
    expected = torch.tensor([1.0 + 0.9 * (2.5 + 0.5 * ENTROPY), 2.0])
    torch.testing.assert_close(agent.td_target(two_transitions()), expected)


def test_critic_loss_reads_the_action_done(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = make_discrete_sac()
    monkeypatch.setattr(agent, "td_target", lambda batch: torch.tensor([5.0, 2.0]))
    monkeypatch.setattr(agent.critic, "forward", lambda features: Q)
    # the first transition did action 0, the second action 1: errors -1, -1 and 1, 1
    loss, figures = agent.critic_loss(two_transitions())
    assert loss.item() == pytest.approx(1.0)  # (1 + 1) / 2 / 2 + (1 + 1) / 2 / 2
    assert figures["q"].item() == pytest.approx((4.0 + 1.0 + 6.0 + 3.0) / 4)


def test_losses_of_actor_and_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = make_discrete_sac(initial_temperature=0.5, target_entropy_share=0.98)
    monkeypatch.setattr(agent.actor, "distribution", lambda features: (PROBS, PROBS.log()))
    monkeypatch.setattr(agent.frozen_critic, "forward", lambda features: Q)
    loss, figures = agent.actor_loss(two_transitions())
    # mean of -0.5 * 0.5623 - (0.25 * 4 + 0.75 * 2) and -0.5 log 2 - 1
    actor_loss = (-0.5 * ENTROPY - 2.5 - 0.5 * math.log(2.0) - 1.0) / 2
    entropy = (ENTROPY + math.log(2.0)) / 2
    assert figures["actor"].item() == pytest.approx(actor_loss)
    assert figures["entropy"].item() == pytest.approx(entropy)
    # -log(0.5) (0.98 log 2 - entropy)
    assert loss.item() == pytest.approx(actor_loss + math.log(2.0) * (0.98 * math.log(2.0) - entropy))


def test_random_actions_are_one_hot() -> None:
    actions = torch.stack([make_discrete_sac().random_actions() for _ in range(3)])
    assert ((actions == 0) | (actions == 1)).all()
    assert (actions.sum(dim=-1) == 1.0).all()
    assert actions.mean(dim=(0, 1)).min() > 0


def test_impossible_entropies_are_refused() -> None:
    with pytest.raises(ValueError, match="target_entropy_share"):
        make_discrete_sac(target_entropy_share=1.1)
