"""Critics of costs: members apart, their upper value by hand."""

from typing import Any

import pytest
import torch

from humanoid_vla.policies.cost_critic import CostCritic

OBS = {"policy": torch.zeros(4, 3)}


def make(**settings: Any) -> CostCritic:
    torch.manual_seed(0)
    return CostCritic(OBS, {"critic": ["policy"]}, "critic", 2, 2, (8,), **settings)


def test_every_cost_has_members_of_its_own() -> None:
    critic = make(num_critics=3)
    q = critic(critic.encode({"policy": torch.randn(5, 3)}), torch.zeros(5, 2))
    assert q.shape == (2, 3, 5)
    q[1, 2].sum().backward()
    touched = [bool(weight.grad[member].any()) for weight in critic.mlp.weights[:1] for member in range(6)]
    assert touched == [False] * 5 + [True]


def test_the_upper_value_is_mean_and_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    critic = make(num_critics=2, confidence=0.5)
    # two costs, two members, one transition
    q = torch.tensor([[[1.0], [5.0]], [[2.0], [2.0]]], requires_grad=True)
    monkeypatch.setattr(critic, "forward", lambda features, actions: q)
    upper = critic.upper_value(torch.zeros(1, 3), torch.zeros(1, 2))
    # deviations of the members about their mean: 2 and 0
    torch.testing.assert_close(upper, torch.tensor([[3.0 + 0.5 * 2.0], [2.0]]))
    upper.sum().backward()
    assert q.grad is not None
    assert q.grad.isfinite().all()  # also where members agree
    torch.testing.assert_close(q.grad[0].flatten(), torch.tensor([0.25, 0.75]))


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match=r"got 1.0 and 1"):
        make(num_critics=1)
    with pytest.raises(ValueError, match=r"got -0.5 and 4"):
        make(confidence=-0.5)
    assert make(num_critics=1, confidence=0.0).upper_value(torch.zeros(4, 3), torch.zeros(4, 2)).shape == (2, 4)
