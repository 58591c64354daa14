"""Compiled updates, and updates in reduced precision, do what eager ones do."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from networks import OBS, make_batch, make_ddpg, make_discrete_sac, make_sac

from humanoid_vla.agents.acceleration import CudaGraphs, accelerate


def test_autocast_computes_products_in_bfloat16() -> None:
    def product(x: torch.Tensor) -> torch.Tensor:
        return x @ x

    assert accelerate(product, torch.device("cpu"), autocast=True)(torch.eye(4)).dtype == torch.bfloat16
    assert accelerate(product, torch.device("cpu"))(torch.eye(4)).dtype == torch.float32


@pytest.mark.parametrize("make", [make_sac, make_ddpg, make_discrete_sac])
def test_losses_and_gradients_in_bfloat16_are_close(make: Any) -> None:
    batch = make_batch(256, one_hot=make is make_discrete_sac)
    losses, gradients = [], []
    for autocast in (False, True):
        algorithm = make(autocast=autocast)
        torch.manual_seed(1)
        loss = algorithm._critic_loss(batch)[0] + algorithm._actor_loss(batch)[0]
        assert loss.dtype == torch.float32
        loss.backward()
        losses.append(loss.detach())
        gradients.append(torch.cat([weight.grad.flatten() for weight in algorithm.critic.parameters()]))
    assert losses[0] != losses[1]  # it did something
    torch.testing.assert_close(losses[0], losses[1], rtol=0.02, atol=0.02)
    assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_sac, make_ddpg, make_discrete_sac])
def test_compiled_updates_equal_eager_ones(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch._inductor.config.fallback_random", True)  # the same random numbers
    torch.manual_seed(0)
    batch = make_batch(64, one_hot=make is make_discrete_sac)
    results = []
    for compiled in (False, True):
        algorithm = make(compile=compiled)
        torch.manual_seed(1)
        figures = [algorithm.update_batch(batch, with_actor) for with_actor in (True, False, True)]
        results.append((figures, [weight.detach() for weight in algorithm.actor.parameters()]))
    for eager, compiled in zip(*(figures for figures, _ in results), strict=True):
        torch.testing.assert_close(eager, compiled, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
def test_a_recorded_update_replays_and_draws_new_numbers() -> None:
    total = torch.zeros(3, device="cuda")

    def update(which: bool) -> dict[str, torch.Tensor]:
        drawn = torch.rand(3, device="cuda")
        total.add_(drawn if which else -drawn)
        return {"drawn": drawn}

    graphs, expected = CudaGraphs(update), torch.zeros(3, device="cuda")
    seen = []
    for call in range(20):
        which = call % 3 > 0
        seen.append(graphs(which)["drawn"])
        expected += seen[-1] if which else -seen[-1]
        torch.testing.assert_close(total, expected)
    assert torch.stack(seen).unique().numel() == 60


DISTRIBUTIONAL: dict[str, Any] = {"num_atoms": 11, "value_range": (-5.0, 5.0), "layer_norm": True, "reduction": "mean"}
RECORDED: dict[str, Any] = {
    "sac": (make_sac, {}),
    "delayed by two": (make_sac, {"policy_delay": 2, "decay_updates": 40}),
    "delayed by three": (make_sac, {"policy_delay": 3, "n_steps": 3}),
    "distributional": (make_sac, {"critic": DISTRIBUTIONAL, "weight_decay": 0.01}),
    "bfloat16": (make_sac, {"autocast": True}),
    "td3": (make_ddpg, {"policy_delay": 2, "target_noise": 0.2}),
    "discrete": (make_discrete_sac, {}),
}


def make_filled(make: Any, device: str, **settings: Any) -> Any:
    """An algorithm with twenty steps of four environments in its buffer."""
    algorithm = make(device=device, save_replay_buffer=True, **settings)
    algorithm.buffer.start(OBS)
    for step in range(20):
        actions = torch.eye(2)[torch.arange(4) % 2] if make is make_discrete_sac else 2.0 * torch.rand(4, 2) - 1.0
        dones = torch.arange(4) == step % 7
        obs, final_obs = {"policy": torch.randn(4, 3)}, {"policy": torch.randn(4, 3)}
        row = [value.to(device) for value in (actions, torch.randn(4), dones & (step % 2 == 0), dones)]
        algorithm.buffer.add(*row, obs, final_obs)
    torch.manual_seed(1)
    return algorithm


def weights_after(algorithm: Any, calls: int) -> list[torch.Tensor]:
    for _ in range(calls):
        algorithm.updates_due = 4.0
        figures = algorithm.update()
        assert all(value == value for value in figures.values())
    networks = (algorithm.actor, algorithm.critic, algorithm.critic_target)
    return [weight.detach().cpu().clone() for network in networks for weight in network.parameters()]


@pytest.fixture
def recorded_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record without compiling, which would draw other random numbers."""
    monkeypatch.setattr("torch.compile", lambda function: function)


@pytest.mark.gpu
@pytest.mark.usefixtures("recorded_only")
@pytest.mark.parametrize("variant", RECORDED)
def test_recorded_updates_equal_eager_ones(variant: str) -> None:
    make, settings = RECORDED[variant]
    eager, recorded = (make_filled(make, "cuda", compile=compiled, **settings) for compiled in (False, True))
    torch.manual_seed(1)
    expected = weights_after(eager, 10)
    torch.manual_seed(1)
    torch.testing.assert_close(weights_after(recorded, 10), expected, rtol=1e-3, atol=1e-3)  # of 40 steps of 3e-4
    assert recorded._update._recorded  # it did record


@pytest.mark.gpu
@pytest.mark.usefixtures("recorded_only")
def test_a_resumed_training_records_anew() -> None:
    first = make_filled(make_sac, "cuda", compile=True)
    weights_after(first, 5)
    file = io.BytesIO()
    torch.save(first.save(), file)
    expected = weights_after(first, 5)
    file.seek(0)
    second = make_filled(make_sac, "cuda", compile=True)
    weights_after(second, 3)  # has graphs already, which write to other moments
    second.load(torch.load(file, weights_only=True))
    second.train_mode()  # restores the random numbers
    torch.testing.assert_close(weights_after(second, 5), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("critic", [{}, DISTRIBUTIONAL])
def test_compiled_and_recorded_updates_in_bfloat16_learn(critic: dict[str, Any]) -> None:
    sac = make_filled(make_sac, "cuda", compile=True, autocast=True, critic=critic, policy_delay=2)
    before = [weight.detach().cpu().clone() for weight in sac.critic.parameters()]
    sac.make_updates(1)
    start = sac.make_updates(20)["critic"]
    sac.make_updates(400)
    assert sac._update._recorded.keys() == {False, True}
    assert sac.make_updates(20)["critic"] < start
    moved = [weight.detach().cpu() for weight in sac.critic.parameters()]
    assert not any(torch.equal(*pair) for pair in zip(before, moved, strict=True))


@pytest.mark.gpu
def test_compiled_and_recorded_updates_equal_eager_ones() -> None:
    weights = []
    for compiled in (False, True):
        torch.manual_seed(0)
        sac: Any = make_sac(device="cuda", compile=compiled, policy_delay=2, decay_updates=40, actor_learning_rate=1e-3)
        batch = make_batch(64)
        batch = batch._replace(
            obs={name: value.cuda() for name, value in batch.obs.items()},
            next_obs={name: value.cuda() for name, value in batch.next_obs.items()},
            actions=batch.actions.cuda(),
            rewards=batch.rewards.cuda(),
            terminated=batch.terminated.cuda(),
            discounts=batch.discounts.cuda(),
        )
        sac.buffer.sample = lambda *arguments, batch=batch: batch
        # no random numbers: compiled code draws others
        sac.actor.sample = lambda features, sac=sac: (sac.actor.mlp(features)[:, :2].tanh(), features.sum(dim=-1))
        for _ in range(10):
            sac.updates_due = 4.0
            sac.update()
        weights.append([weight.detach().cpu() for weight in (*sac.actor.parameters(), *sac.critic_target.parameters())])
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-3, atol=1e-4)
