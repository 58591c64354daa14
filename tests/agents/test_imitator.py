"""What behaviour cloning and DAgger share: step sizes, clipping, and which networks there are."""

from typing import Any

import pytest
import torch

from humanoid_vla.agents.bc import BC
from humanoid_vla.agents.imitator import step_share

OBS = {"policy": torch.zeros(4, 2)}


def make_bc(**settings: Any) -> BC:
    torch.manual_seed(0)
    return BC(OBS, ["policy"], 2, policy={"hidden_dims": [8], "obs_normalization": False}, **settings)


def test_step_sizes_by_hand() -> None:
    # up in four steps, then half a cosine over the eight that are left: cos(pi / 4) = 0.7071, cos(pi / 2) = 0
    shares = [step_share(update, 4, 12) for update in (0, 1, 3, 4, 6, 8, 12, 100)]
    assert shares == pytest.approx([0.25, 0.5, 1.0, 1.0, 0.5 * 1.7071068, 0.5, 0.0, 0.0])
    assert step_share(100, 4, None) == 1.0


def test_the_optimiser_takes_them() -> None:
    bc = make_bc(learning_rate=0.1, warmup_updates=4, decay_updates=12)
    for _ in range(2):
        bc.learn({"policy": torch.randn(8, 2)}, torch.zeros(8, 2))
    assert bc.num_updates == 2
    assert bc.learning_rate == pytest.approx(0.05)


def test_long_gradients_are_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    bc = make_bc(max_grad_norm=0.01)
    norms: list[float] = []

    def look() -> None:
        norms.append(torch.cat([weight.grad.flatten() for weight in bc.learner.parameters()]).norm().item())

    monkeypatch.setattr(bc.optimizer, "step", look)
    bc.learn({"policy": torch.randn(8, 2)}, torch.ones(8, 2))
    assert norms == pytest.approx([0.01], rel=1e-3)


def test_the_policy_is_a_running_average() -> None:
    bc = make_bc(tau=0.25)
    before = [weight.clone() for weight in bc.actor.parameters()]
    bc.learn({"policy": torch.randn(8, 2)}, torch.ones(8, 2))
    for old, new, learned in zip(before, bc.actor.parameters(), bc.learner.parameters(), strict=True):
        torch.testing.assert_close(new, 0.75 * old + 0.25 * learned)


def test_a_policy_that_stands_alone_plays_whatever_is_asked_for() -> None:
    trained, other = make_bc(), make_bc()
    trained.learn({"policy": torch.randn(8, 2)}, torch.ones(8, 2))
    saved = trained.save()
    alone = {key: saved[key] for key in ("algorithm", "network", "loss", "policy", "policy_shape", "actor_state_dict")}
    with pytest.raises(ValueError, match="num_updates, learner_state_dict, actor_optimizer_state_dict missing"):
        other.load(alone)
    assert other.load(alone | {"policy_only": True}) is False
    obs = {"policy": torch.randn(4, 2)}
    assert torch.equal(other.actor(obs), trained.actor(obs))
    with pytest.raises(ValueError, match="number of actions"):
        other.load(alone | {"policy_only": True, "policy_shape": saved["policy_shape"] | {"number of actions": 3}})


@pytest.mark.parametrize(("network", "loss"), [("vla", "nll"), ("mlp", "mae"), ("os", "system")])
def test_only_known_networks(network: str, loss: str) -> None:
    with pytest.raises(ValueError, match=f"unknown network '{network}' with the loss '{loss}'; choose one of: mlp"):
        make_bc(network=network, loss=loss)
