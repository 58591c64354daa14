"""Constrained learning: its losses by hand, a problem whose optimum is known, and what every algorithm promises."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from networks import make_batch, make_ddpg_lagrangian, make_sac, make_sac_lagrangian, two_transitions
from rsl_rl.env import VecEnv
from rsl_rl.runners import OnPolicyRunner
from tiny_envs import POINT_GROUPS, POLICY_GROUPS, CostlyPointEnv, CostlyStepEnv, PointEnv, runner_cfg

from humanoid_vla.agents.lagrangian import Lagrangian
from humanoid_vla.agents.replay_buffer import Batch

SAC: dict[str, Any] = {"class_name": "humanoid_vla.agents.lagrangian:SACLagrangian"}
DDPG: dict[str, Any] = {"class_name": "humanoid_vla.agents.lagrangian:DDPGLagrangian"}
BOTH = pytest.mark.parametrize("algorithm", [SAC, DDPG], ids=["sac", "ddpg"])
MAKE_BOTH = pytest.mark.parametrize("make", [make_sac_lagrangian, make_ddpg_lagrangian], ids=["sac", "ddpg"])


def with_costs(batch: Batch) -> Batch:
    """The steps cost 0.1 and 0.25 of a, 9 of b, and 2 and 1 of c."""
    costs = torch.tensor([[0.1, 9.0, 2.0], [0.25, 9.0, 1.0]]).repeat(len(batch.rewards) // 2, 1)
    before = torch.full_like(costs, 77.0)  # what led here was paid for
    return batch._replace(obs=batch.obs | {"cost": before}, next_obs=batch.next_obs | {"cost": costs})


@MAKE_BOTH
def test_the_cost_target_by_hand(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    algorithm = make(confidence=0.5)
    # of c and a: two members each, two transitions; their deviations about the mean are 1 and 3
    q = torch.tensor([[[2.0, 9.0], [4.0, 9.0]], [[-6.0, 9.0], [0.0, 9.0]]])
    monkeypatch.setattr(algorithm.cost_critic_target, "forward", lambda features, actions: q)
    target = algorithm.cost_target(with_costs(two_transitions()))
    # shares of 4 and 0.5; upper values 3 + 0.5 * 1, and -3 + 0.5 * 3 which no cost can be; the failure ends all costs
    expected = [[2.0 / 4.0 + 0.9 * 3.5, 1.0 / 4.0], [0.1 / 0.5 + 0.9 * 0.0, 0.25 / 0.5]]
    torch.testing.assert_close(target, torch.tensor(expected))


@MAKE_BOTH
def test_critic_losses_add_up(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    algorithm = make()
    batch = with_costs(make_batch())
    target = torch.randn(2, 8)
    monkeypatch.setattr(algorithm, "cost_target", lambda batch: target)
    monkeypatch.setattr(algorithm, "td_target", lambda batch: torch.zeros(8, 1))
    q = algorithm.cost_critic(batch.obs["policy"], batch.actions)  # (costs, members, batch)
    errors = [((q[cost, member] - target[cost]) ** 2).mean() for cost in range(2) for member in range(2)]
    expected = 0.5 * torch.stack(errors).sum()
    reward_q = algorithm.critic.q_values(batch.obs["policy"], batch.actions)
    loss, figures = algorithm.critic_loss(batch)
    torch.testing.assert_close(figures["cost_critic"], expected.detach())
    torch.testing.assert_close(loss, expected + 0.5 * (reward_q**2).mean(dim=1).sum())


def test_the_actor_loss_of_sac_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    sac = make_sac_lagrangian(confidence=0.5, initial_temperature=0.2)
    sac.multipliers.value.copy_(torch.tensor([3.0, 1.0]))
    log_prob = torch.tensor([1.5, 1.5], requires_grad=True)
    monkeypatch.setattr(sac.actor, "sample", lambda features: (torch.zeros(2, 2), log_prob))
    monkeypatch.setattr(sac.frozen_critic, "forward", lambda features, actions: torch.tensor([[[5.0], [7.0]]] * 2))
    q = torch.tensor([[[2.0, 1.0], [4.0, 1.0]], [[0.5, 2.0], [0.5, 2.0]]])
    monkeypatch.setattr(sac.frozen_cost_critic, "forward", lambda features, actions: q)
    loss, figures = sac.actor_loss(two_transitions())
    # 0.2 * 1.5 - (5 - 3 * 3.5 - 1 * 0.5) and 0.2 * 1.5 - (7 - 3 * 1 - 1 * 2)
    policy = (0.3 + 6.0 + 0.3 - 2.0) / 2
    temperature = sac.temperature.loss(log_prob).item()
    assert figures["actor"].item() == pytest.approx(policy)
    assert loss.item() == pytest.approx((policy + temperature) / (1.0 + 3.0 + 1.0))


def test_the_actor_loss_of_ddpg_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    ddpg = make_ddpg_lagrangian(confidence=0.0)
    ddpg.multipliers.value.copy_(torch.tensor([3.0, 1.0]))
    # the first critic counts
    monkeypatch.setattr(ddpg.frozen_critic, "forward", lambda *_: torch.tensor([[[5.0], [7.0]], [[0.0], [0.0]]]))
    q = torch.tensor([[[2.0, 1.0], [4.0, 1.0]], [[0.5, 2.0], [0.5, 2.0]]])
    monkeypatch.setattr(ddpg.frozen_cost_critic, "forward", lambda features, actions: q)
    loss, _ = ddpg.actor_loss(two_transitions())
    # -(5 - 3 * 3 - 1 * 0.5) and -(7 - 3 * 1 - 1 * 2)
    assert loss.item() == pytest.approx((4.5 - 2.0) / 2 / 5.0)


@MAKE_BOTH
def test_each_loss_moves_its_own_networks_only(make: Any) -> None:
    algorithm = make(initial_multiplier=1.0)
    batch = with_costs(make_batch())
    algorithm.critic_loss(batch)[0].backward()
    critics = [*algorithm.critic.parameters(), *algorithm.cost_critic.parameters()]
    assert all(weight.grad is not None for weight in critics)
    assert all(weight.grad is None for weight in algorithm.actor.parameters())
    assert all(weight.grad is None for weight in algorithm.cost_critic_target.parameters())
    gradients = [weight.grad.clone() for weight in critics]
    algorithm.actor_loss(batch)[0].backward()
    assert all(weight.grad.any() for weight in algorithm.actor.parameters())
    assert all(torch.equal(old, new.grad) for old, new in zip(gradients, critics, strict=True))


@MAKE_BOTH
def test_an_update_moves_critics_targets_and_actor(make: Any) -> None:
    algorithm = make(tau=0.25)
    names = ("actor", "critic", "critic_target", "critic_cost", "critic_cost_target")
    before = {name: [w.clone() for w in algorithm.modules[name].parameters()] for name in names}
    figures = algorithm.update_batch(with_costs(make_batch()))
    assert {"cost_critic", "cost_q"} < figures.keys()
    for name in names:
        assert any(
            not torch.equal(a, b) for a, b in zip(before[name], algorithm.modules[name].parameters(), strict=True)
        )
    for old, target, online in zip(
        before["critic_cost_target"],
        algorithm.cost_critic_target.parameters(),
        algorithm.cost_critic.parameters(),
        strict=True,
    ):
        torch.testing.assert_close(target, 0.75 * old + 0.25 * online)


def make_runner(env: VecEnv, groups: dict[str, list[str]] | None = None, **algorithm: Any) -> Any:
    limits = {"x": 2.0, "y": 3.0} if isinstance(env, PointEnv) else {"first": 0.75, "second": 2.0}
    defaults: dict[str, Any] = {"cost_limits": limits, "multiplier_warmup": 100}
    cfg = runner_cfg(dict(groups or POLICY_GROUPS), **defaults | algorithm)
    return OnPolicyRunner(env, cfg | {"cost_critic": {"hidden_dims": [32, 32], "num_critics": 2}}, None)


def learn_and_record(runner: Any, iterations: int) -> list[dict[str, float]]:
    """The figures of every iteration's updates."""
    figures, update = [], runner.alg.update

    def recording_update() -> dict[str, float]:
        figures.append(update())
        return figures[-1]

    runner.alg.update = recording_update
    runner.learn(iterations)
    runner.alg.update = update
    return figures


@pytest.mark.parametrize(
    "algorithm",
    [
        # little entropy, for the optimum is one of policies without any
        SAC | {"alpha_learning_rate": 1e-2, "target_entropy_per_dim": -2.5},
        DDPG | {"actor": {"noise_std_range": (0.1, 0.1)}},
    ],
    ids=["sac", "ddpg"],
)
def test_finds_the_known_optimum(algorithm: dict[str, Any]) -> None:
    """The first action may be 0.5, for (0.5 + 1) / 2 = 0.75; the second is not bound by its limit of 2.

    There d(reward) / da = 2 (1 - 0.5) is what a share of the limit of 0.75 costs, lambda / 0.75 * 1 / 2.
    """
    torch.manual_seed(0)
    env = CostlyStepEnv()
    runner = make_runner(env, **algorithm, integral_gain=0.03, proportional_gain=1.0, decay_updates=2_000)
    figures = learn_and_record(runner, 130)[-30:]
    mean = {name: sum(each[name] for each in figures) / len(figures) for name in figures[0]}
    assert mean["multiplier_first"] == pytest.approx(1.5, rel=0.05)
    assert mean["multiplier_second"] == 0.0
    assert mean["cost_first"] == pytest.approx(0.75, rel=0.05)
    actions = runner.get_inference_policy("cpu")(env.get_observations())
    torch.testing.assert_close(actions.mean(dim=0), torch.tensor([0.5, 1.0]), rtol=0.05, atol=0.0)


@BOTH
def test_the_buffer_holds_what_each_step_cost(algorithm: dict[str, Any]) -> None:
    runner = make_runner(CostlyStepEnv(), **algorithm)
    runner.learn(3)
    batch = runner.alg.buffer.sample(100)
    torch.testing.assert_close(batch.next_obs["cost"], 0.5 * (batch.actions + 1.0))
    assert not batch.obs["cost"].any()


def test_costs_are_bootstrapped_through_time_outs() -> None:
    runner = make_runner(CostlyPointEnv(), POINT_GROUPS, **SAC)
    runner.learn(3)
    batch = runner.alg.buffer.sample(200)
    torch.testing.assert_close(batch.next_obs["cost"], batch.next_obs["point"].abs())
    assert not batch.terminated.any()


def test_multipliers_wait_for_the_warm_up() -> None:
    torch.manual_seed(0)
    runner = make_runner(CostlyStepEnv(), **SAC, multiplier_warmup=40, cost_limits={"second": 0.1})
    figures = [each for each in learn_and_record(runner, 8) if each]
    assert len(figures) == 6  # 16 updates each
    assert [each["multiplier_second"] > 0.0 for each in figures] == [False] * 3 + [True] * 3


@BOTH
def test_two_trainings_from_one_seed_are_identical(algorithm: dict[str, Any]) -> None:
    def train() -> list[torch.Tensor]:
        torch.manual_seed(3)
        runner = make_runner(CostlyStepEnv(), **algorithm, multiplier_warmup=0, cost_limits={"first": 0.1})
        runner.learn(6)
        assert runner.alg.multipliers().any()
        return [value for module in runner.alg.modules.values() for value in module.state_dict().values()]

    assert all(torch.equal(one, other) for one, other in zip(train(), train(), strict=True))


@BOTH
def test_a_resumed_training_equals_one_that_never_stopped(algorithm: dict[str, Any], tmp_path: Path) -> None:
    """The environment's state is not in a checkpoint: here both go on from the same."""
    settings = algorithm | {"save_replay_buffer": True, "updates_per_step": 1.3, "multiplier_warmup": 0}
    torch.manual_seed(0)
    env = CostlyPointEnv()
    runner = make_runner(env, POINT_GROUPS, **settings)
    runner.learn(6)
    torch.save({**runner.alg.save(), "iter": 5, "infos": None}, tmp_path / "model.pt")
    assert torch.load(tmp_path / "model.pt", weights_only=True)["algorithm"] == runner.alg.name
    same_env = copy.deepcopy(env)
    never_stopped = learn_and_record(runner, 3)
    assert runner.alg.multipliers().all()

    torch.manual_seed(99)
    resumed = make_runner(same_env, POINT_GROUPS, **settings)
    resumed.load(str(tmp_path / "model.pt"))
    assert learn_and_record(resumed, 3) == never_stopped
    for name, module in runner.alg.modules.items():
        for key, value in module.state_dict().items():
            assert torch.equal(value, resumed.alg.modules[name].state_dict()[key]), f"{name} {key}"


def test_a_policy_plays_without_its_critics() -> None:
    runner = make_runner(CostlyPointEnv(), POINT_GROUPS, **SAC)
    runner.learn(3)
    torch.manual_seed(1)
    other = make_runner(CostlyPointEnv(num_envs=3), POINT_GROUPS, **SAC, buffer_size=4_000)
    other.alg.load(runner.alg.save(), {"actor": True}, True)
    obs = other.env.get_observations()
    assert torch.equal(other.get_inference_policy("cpu")(obs), runner.get_inference_policy("cpu")(obs))
    assert torch.equal(other.alg.multipliers(), runner.alg.multipliers())


def test_foreign_checkpoints_are_refused() -> None:
    runner = make_runner(CostlyPointEnv(), POINT_GROUPS, **SAC)
    saved = runner.alg.save()
    with pytest.raises(ValueError, match="this checkpoint is written by SAC, but the agent is SACLagrangian"):
        runner.alg.load(make_sac().save(), None, True)
    other = make_runner(CostlyPointEnv(), POINT_GROUPS, **SAC, cost_limits={"y": 3.0, "x": 2.0})
    with pytest.raises(ValueError, match=r"this checkpoint limits \['x', 'y'\], but .* are \['y', 'x'\]"):
        other.alg.load(saved, None, True)


def test_bad_input_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"^cost_limits has 'third', which is none of the environment's costs: first, second$"
    ):
        make_runner(CostlyStepEnv(), **SAC, cost_limits={"third": 1.0})
    with pytest.raises(ValueError, match="constrained learning needs the observation group 'cost'"):
        make_runner(PointEnv(), POINT_GROUPS, **SAC)
    with pytest.raises(ValueError, match="n_steps must be 1, got 3"):
        make_runner(CostlyStepEnv(), **SAC, n_steps=3)
    with pytest.raises(ValueError, match="cost_window must be at least 2"):
        make_runner(CostlyStepEnv(), **DDPG, cost_window=1)
    with pytest.raises(ValueError, match="must store the observation group 'cost'"):
        make_sac_lagrangian(buffer=make_sac().buffer)


def test_the_last_step_of_an_episode_must_be_known() -> None:
    runner = make_runner(CostlyPointEnv(final_obs=False), POINT_GROUPS, **SAC)
    assert isinstance(runner.alg, Lagrangian)
    with pytest.raises(ValueError, match="compute_final_obs = True"):
        runner.learn(2)
