"""GAIL: its rewards and ends of episodes by hand; it learns from an expert, and from nothing else."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rsl_rl.env import VecEnv
from rsl_rl.runners import OnPolicyRunner
from tensordict import TensorDict
from tiny_envs import POINT_GROUPS, POLICY_GROUPS, OneStepEnv, PointEnv, runner_cfg

from humanoid_vla.agents.gail import GAIL
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.demos.writer import DemoWriter
from humanoid_vla.policies.critic import EnsembleCritic
from humanoid_vla.policies.discriminator import Discriminator
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy

OBS = {"policy": torch.zeros(4, 2)}
GROUPS = {name: ["policy"] for name in ("actor", "critic", "discriminator")}


def write_demos(path: Path, episodes: list[tuple[dict[str, np.ndarray], np.ndarray]], terminated: bool) -> str:
    """A file of episodes, each (T + 1 observations a group, T actions)."""
    writer = DemoWriter(path, {"env_name": "Tiny", "type": 2, "env_kwargs": {}})
    for obs, actions in episodes:
        last = np.zeros(len(actions), np.uint8)
        last[-1] = 1
        arrays = {
            "obs": {group: value[:-1] for group, value in obs.items()},
            "next_obs": {group: value[1:] for group, value in obs.items()},
            "actions": actions,
            "rewards": np.zeros(len(actions), np.float32),
            "dones": last,
            "terminated": last if terminated else 0 * last,
        }
        writer.add(arrays, {"seed": 0, "success": True})
    writer.close()
    return str(path)


@pytest.fixture(scope="module")
def identity_demos(tmp_path_factory: pytest.TempPathFactory) -> str:
    """64 episodes of :class:`OneStepEnv` in which the action is the observation."""
    rng = np.random.default_rng(0)
    obs = rng.uniform(-0.8, 0.8, (64, 2, 2)).astype(np.float32)
    episodes = [({"policy": rows}, rows[:1]) for rows in obs]
    return write_demos(tmp_path_factory.mktemp("demos") / "identity.hdf5", episodes, terminated=False)


@pytest.fixture(scope="module")
def point_demos(tmp_path_factory: pytest.TempPathFactory) -> str:
    """5 episodes of :class:`PointEnv` that go straight to the origin."""
    rng = np.random.default_rng(0)
    episodes = []
    for _ in range(5):
        points, actions = [rng.uniform(-1.0, 1.0, 2)], []
        for _ in range(10):
            actions.append(np.clip(-points[-1] / 0.3, -1.0, 1.0))
            points.append(points[-1] + 0.3 * actions[-1])
        clock = np.arange(11, dtype=np.float32)[:, None] / 10.0
        obs = {"point": np.array(points, np.float32), "clock": clock}
        episodes.append((obs, np.array(actions, np.float32)))
    return write_demos(tmp_path_factory.mktemp("demos") / "point.hdf5", episodes, terminated=False)


def make_gail(hidden_dims: tuple[int, ...] = (8,), **settings: Any) -> GAIL:
    torch.manual_seed(0)
    actor = SquashedGaussianPolicy(OBS, GROUPS, "actor", 2, (8,), obs_normalization=False)
    critic = EnsembleCritic(OBS, GROUPS, "critic", 2, (8,), obs_normalization=False)
    discriminator = Discriminator(OBS, GROUPS, "discriminator", 2, hidden_dims, obs_normalization=False)
    quick = {"learning_starts": 0, "batch_size": 8, "gamma": 0.8}
    return GAIL(actor, critic, ReplayBuffer(OBS, 2, 400, "cpu"), discriminator=discriminator, **quick | settings)


def make_linear(weights: list[float], bias: float, **settings: Any) -> GAIL:
    """GAIL whose logit is linear in two observations, two actions, and whether the episode is over."""
    gail = make_gail((), **settings)
    linear: Any = gail.discriminator.mlp[0]
    linear.weight.data.copy_(torch.tensor([weights]))
    linear.bias.data.fill_(bias)
    return gail


def make_batch(terminated: list[float], size: int = 2) -> Batch:
    """Observations (1, 0), actions (0.5, 0), next observations (0, 1), and a reward that nobody may read."""
    obs, next_obs = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    ended = torch.tensor(terminated)
    return Batch(
        {"policy": obs.repeat(size, 1)},
        torch.tensor([[0.5, 0.0]]).repeat(size, 1),
        torch.full((size,), math.nan),
        {"policy": next_obs.repeat(size, 1)},
        ended,
        0.8 * (1.0 - ended),
    )


def test_the_reward_by_hand() -> None:
    gail = make_linear([2.0, 0.0, 4.0, 0.0, -1.0], 0.0)
    batch = make_batch([0.0, 0.0])
    logit = 2.0 * 1.0 + 4.0 * 0.5
    reward = gail.reward(batch.obs, batch.actions, torch.tensor([False, True]))
    torch.testing.assert_close(reward, expected_reward([logit, logit - 1.0]))


def expected_reward(logits: list[float]) -> torch.Tensor:
    d = [1.0 / (1.0 + math.exp(-logit)) for logit in logits]
    return torch.tensor([math.log(each) - math.log(1.0 - each) for each in d])


def test_an_end_is_worth_what_comes_after_it() -> None:
    gail = make_linear([2.0, 3.0, 4.0, 0.0, -1.0], 0.0)
    relabelled, mean = gail.relabelled(make_batch([0.0, 1.0]))
    # the step has the logit 2 + 4 * 0.5 = 4; where it ended the logit is 3 - 1 = 2, action 0, for ever
    step, after = expected_reward([4.0, 2.0])
    expected = torch.stack((step, step + 0.8 / (1.0 - 0.8) * after))
    torch.testing.assert_close(relabelled.rewards, expected)
    torch.testing.assert_close(mean, step)
    torch.testing.assert_close(relabelled.discounts, torch.tensor([0.8, 0.0]))  # nothing is bootstrapped from an end


@pytest.mark.parametrize("bias", [-3.0, 0.0, 3.0])
def test_ending_is_worth_as_much_as_going_on_for_ever(bias: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the sign and size of the reward, where the discriminator tells nothing apart."""
    gail = make_linear([0.0] * 5, bias)
    batch, _ = gail.relabelled(make_batch([0.0, 1.0]))
    for_ever = gail.reward(batch.obs, batch.actions, torch.zeros(2, dtype=torch.bool)) / (1.0 - 0.8)
    value = for_ever.repeat(2, 1).unsqueeze(-1)  # (critics, batch, 1)
    monkeypatch.setattr(gail.critic_target, "forward", lambda features, actions: value)
    monkeypatch.setattr(gail.temperature, "forward", lambda: torch.zeros(()))
    torch.testing.assert_close(gail.td_target(batch).squeeze(-1), for_ever)


def test_an_end_stands_for_all_steps_after_it() -> None:
    torch.manual_seed(0)
    gail = make_gail()
    inputs, weights = gail.visited(make_batch([0.0, 1.0] * 10_000, size=20_000))
    going_on, ended = inputs[::2], inputs[1::2]
    assert (weights[::2] == 1.0).all()
    torch.testing.assert_close(weights[1::2], torch.full((10_000,), 6.0))  # itself and 1 / (1 - 0.8) = 5 others
    step = torch.tensor([1.0, 0.0, 0.5, 0.0, 0.0])
    over = torch.tensor([0.0, 1.0, 0.0, 0.0, 1.0])  # the final observation, no action
    assert (going_on == step).all()
    is_over = ended[:, -1] == 1.0
    assert (ended[is_over] == over).all()
    assert (ended[~is_over] == step).all()
    assert is_over.float().mean().item() == pytest.approx(5 / 6, abs=0.01)


def test_the_discriminator_loss_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    gail = make_linear([3.0, 0.0, 0.0, 0.0, -4.0], 0.0, gradient_penalty=0.1)
    # at least 1 / weight where the episode ended, so that it is seen after its end
    monkeypatch.setattr(torch, "rand_like", lambda weights: torch.full_like(weights, 0.9))
    policy, expert = make_batch([0.0, 1.0]), make_batch([0.0, 0.0])
    loss, figures = gail.discriminator_loss(policy, expert)
    # logits: 3 for the expert; for the policy 3, and -4 with the weight 6
    cross_entropy = math.log(1 + math.exp(-3)) + (math.log(1 + math.exp(3)) + 6 * math.log(1 + math.exp(-4))) / 7
    assert figures["discriminator"].item() == pytest.approx(cross_entropy, rel=1e-5)
    assert figures["gradient_penalty"].item() == pytest.approx((5.0 - 1.0) ** 2, rel=1e-5)
    assert loss.item() == pytest.approx(cross_entropy + 0.1 * 16.0, rel=1e-5)
    assert figures["expert_accuracy"].item() == 1.0
    assert figures["policy_accuracy"].item() == pytest.approx(6 / 7)


class OneTransition:
    """An expert that always does the same: observations (3, 0), actions (-0.5, 0), next observations (0, 2)."""

    def __init__(self, terminated: float = 0.0) -> None:
        self.terminated = terminated

    def sample(self, count: int) -> Batch:
        obs, next_obs = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 2.0]])
        return Batch(
            {"policy": obs.repeat(count, 1)},
            torch.tensor([[-0.5, 0.0]]).repeat(count, 1),
            torch.zeros(count),
            {"policy": next_obs.repeat(count, 1)},
            torch.full((count,), self.terminated),
            torch.zeros(count),
        )


@pytest.mark.parametrize("terminated", [0.0, 1.0])
def test_a_share_of_what_actor_and_critics_learn_from_is_the_experts(
    terminated: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    gail = make_linear([2.0, 3.0, 4.0, 0.0, -1.0], 0.0, expert_share=0.25, discriminator_learning_rate=0.0)
    gail.expert = OneTransition(terminated)
    learned_from: list[Batch] = []
    monkeypatch.setattr(gail, "_critic_loss", lambda batch: (learned_from.append(batch), gail.critic_loss(batch))[1])
    figures = gail.update_batch(make_batch([0.0] * 8, size=8))
    (batch,) = learned_from
    assert batch.obs["policy"].tolist() == [[1.0, 0.0]] * 6 + [[3.0, 0.0]] * 2
    assert batch.next_obs["policy"].tolist() == [[0.0, 1.0]] * 6 + [[0.0, 2.0]] * 2
    torch.testing.assert_close(batch.actions[:, 0], torch.tensor([0.5] * 6 + [-0.5] * 2))
    # logits: 2 + 4 * 0.5 = 4 of the policy's; 2 * 3 - 4 * 0.5 = 4 of the expert's, and 3 * 2 - 1 = 5 where it ended
    expert = 4.0 + terminated * 0.8 / (1.0 - 0.8) * 5.0
    torch.testing.assert_close(batch.rewards, torch.tensor([4.0] * 6 + [expert] * 2))
    torch.testing.assert_close(batch.discounts, torch.tensor([0.8] * 6 + [0.8 * (1.0 - terminated)] * 2))
    assert figures["learned_reward"].item() == pytest.approx(4.0)


def test_no_share_needs_only_what_the_discriminator_reads(tmp_path: Path) -> None:
    episode = ({"point": np.zeros((3, 2), np.float32)}, np.zeros((2, 2), np.float32))
    path = write_demos(tmp_path / "point.hdf5", [episode], terminated=False)
    make_runner(PointEnv(), path, POINT_GROUPS, expert_share=0.0).learn(1)
    with pytest.raises(ValueError, match="the observation group 'clock' has shape None there"):
        make_runner(PointEnv(), path, POINT_GROUPS).learn(1)


def make_runner(env: VecEnv, demos: str | None, groups: dict[str, list[str]] = POLICY_GROUPS, **settings: Any) -> Any:
    settings = {"demonstrations": demos, "discriminator_learning_rate": 2e-3, "alpha_learning_rate": 2e-3} | settings
    cfg = runner_cfg(dict(groups), class_name="humanoid_vla.agents.gail:GAIL", **settings)
    return OnPolicyRunner(env, cfg | {"discriminator": {"hidden_dims": [32, 32]}})


def test_learns_the_identity_from_an_expert(identity_demos: str) -> None:
    torch.manual_seed(0)
    env = OneStepEnv(time_out=True)
    runner = make_runner(env, identity_demos, gamma=0.5)
    runner.learn(60)
    obs = env.get_observations()
    assert (runner.get_inference_policy("cpu")(obs) - obs["policy"]).abs().mean() < 0.1


def test_learns_to_reach_a_point_from_five_episodes(point_demos: str) -> None:
    torch.manual_seed(0)
    runner = make_runner(PointEnv(), point_demos, POINT_GROUPS)
    runner.learn(60)
    torch.manual_seed(1)
    env = PointEnv(num_envs=200)
    policy = runner.get_inference_policy(device="cpu")
    with torch.inference_mode():
        for _ in range(env.max_episode_length - 1):
            env.step(policy(env.get_observations()))
    # random points are 0.77 away on average, and random actions leave them further
    assert env.position.norm(dim=-1).mean() < 0.25


class NoisyRewards(PointEnv):
    """The environment with another reward, which draws from no random numbers that the learner uses."""

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        obs, rewards, dones, extras = super().step(actions)
        return obs, 1e3 * torch.randn(rewards.shape, generator=torch.Generator().manual_seed(5)), dones, extras


def train(env: VecEnv, demos: str, iterations: int = 6, **settings: Any) -> tuple[Any, list[dict[str, float]]]:
    torch.manual_seed(3)
    runner = make_runner(env, demos, POINT_GROUPS, **settings)
    return runner, learn_and_record(runner, iterations)


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


def assert_equal_weights(one: Any, other: Any) -> None:
    for name, module in one.alg.modules.items():
        for key, value in module.state_dict().items():
            assert torch.equal(value, other.alg.modules[name].state_dict()[key]), f"{name} {key}"


def make_env(kind: type[PointEnv]) -> PointEnv:
    torch.manual_seed(7)
    return kind()


def test_two_trainings_from_one_seed_are_identical(point_demos: str) -> None:
    (one, losses), (other, same_losses) = (train(make_env(PointEnv), point_demos) for _ in range(2))
    assert losses == same_losses
    assert losses[-1].keys() == {
        *("discriminator", "gradient_penalty", "expert_accuracy", "policy_accuracy", "learned_reward"),
        *("critic", "q", "actor", "alpha", "entropy"),
    }
    assert_equal_weights(one, other)


def test_the_reward_of_the_environment_is_never_learned_from(point_demos: str) -> None:
    one, losses = train(make_env(PointEnv), point_demos)
    other, same_losses = train(make_env(NoisyRewards), point_demos)
    assert losses == same_losses
    assert_equal_weights(one, other)
    assert not one.alg.buffer.sample(100).rewards.any()


def test_a_resumed_training_equals_one_that_never_stopped(point_demos: str, tmp_path: Path) -> None:
    settings = {"save_replay_buffer": True, "discriminator_updates": 2}
    env = make_env(PointEnv)
    runner, _ = train(env, point_demos, **settings)
    torch.save({**runner.alg.save(), "iter": 5, "infos": None}, tmp_path / "model.pt")
    assert torch.load(tmp_path / "model.pt", weights_only=True)["algorithm"] == "GAIL"
    same_env = copy.deepcopy(env)
    never_stopped = learn_and_record(runner, 3)
    torch.manual_seed(99)
    resumed = make_runner(same_env, point_demos, POINT_GROUPS, **settings)
    resumed.load(str(tmp_path / "model.pt"))
    assert learn_and_record(resumed, 3) == never_stopped
    assert_equal_weights(runner, resumed)


def test_a_checkpoint_of_sac_is_refused(point_demos: str) -> None:
    runner = make_runner(PointEnv(), point_demos, POINT_GROUPS)
    saved = runner.alg.save()
    with pytest.raises(ValueError, match="this checkpoint is written by SAC, but the agent is GAIL"):
        runner.alg.load(saved | {"algorithm": "SAC"}, None, True)
    saved.pop("discriminator_optimizer_state_dict")
    with pytest.raises(ValueError, match=r"incomplete.*: discriminator_optimizer_state_dict missing"):
        runner.alg.load(saved, None, True)


def test_the_discriminator_sees_expert_and_policy_alike(point_demos: str) -> None:
    """Its statistics are over as much of the one as of the other, though far more of the policy is seen."""
    runner = make_runner(PointEnv(), point_demos, POINT_GROUPS)
    runner.learn(3)
    assert runner.alg.discriminator.obs_groups == ["point"]  # those of the actor
    assert runner.alg.discriminator.trunk.obs_normalizer.count == 2 * 3 * 8 * 16
    assert runner.alg.actor.trunk.obs_normalizer.count == 2 * 3 * 8 * 16  # it learns from both
    runner = make_runner(PointEnv(), point_demos, POINT_GROUPS, expert_share=0.0)
    runner.learn(3)
    assert runner.alg.actor.trunk.obs_normalizer.count == 3 * 8 * 16


def test_several_discriminator_updates_a_policy_update(point_demos: str) -> None:
    runner, _ = train(make_env(PointEnv), point_demos, discriminator_updates=3)
    steps = {int(state["step"]) for state in runner.alg.optimizers["discriminator"].state.values()}
    assert steps == {3 * runner.alg.num_updates}


def test_a_policy_is_played_without_demonstrations() -> None:
    runner = make_runner(PointEnv(), None, POINT_GROUPS)
    other = make_runner(PointEnv(), None, POINT_GROUPS)
    other.alg.load(runner.alg.save(), None, True)
    assert_equal_weights(runner, other)
    obs = runner.env.get_observations()
    assert torch.equal(other.get_inference_policy("cpu")(obs), runner.get_inference_policy("cpu")(obs))
    with pytest.raises(ValueError, match=r"^imitation needs demonstrations: set agent\.algorithm\.demonstrations=FILE"):
        other.learn(1)


def test_unusable_demonstrations_give_one_line(point_demos: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^demonstrations '.*none.hdf5' do not exist; record them with [^\n]*$"):
        make_runner(PointEnv(), str(tmp_path / "none.hdf5"), POINT_GROUPS).learn(1)
    (tmp_path / "text.hdf5").write_text("no demonstrations")
    with pytest.raises(ValueError, match=r"^demonstrations '.*text.hdf5': this is no HDF5 file[^\n]*$"):
        make_runner(PointEnv(), str(tmp_path / "text.hdf5"), POINT_GROUPS).learn(1)
    message = r"^demonstrations '.*' are of Tiny: the observation group 'policy' has shape None there and \(2,\) here"
    with pytest.raises(ValueError, match=message):
        make_runner(OneStepEnv(time_out=True), point_demos).learn(1)
    obs = {"point": np.zeros((2, 2), np.float32), "clock": np.zeros((2, 1), np.float32)}
    three = [(obs, np.zeros((1, 3), np.float32))]
    path = write_demos(tmp_path / "three.hdf5", three, terminated=True)
    with pytest.raises(ValueError, match=r"the action has shape \(3,\) there and \(2,\) here"):
        make_runner(PointEnv(), path, POINT_GROUPS).learn(1)


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match="n_steps must be 1, got 3"):
        make_gail(n_steps=3)
    with pytest.raises(ValueError, match="gamma below 1"):
        make_gail(gamma=1.0)
    with pytest.raises(ValueError, match="discriminator_updates must be at least 1, got 0"):
        make_gail(discriminator_updates=0)
    with pytest.raises(ValueError, match=r"expert_share must be at least 0 and less than 1, got 1\.0"):
        make_gail(expert_share=1.0)
    groups = {"actor": ["point"], "critic": ["point"], "discriminator": ["point", "clock"]}
    with pytest.raises(ValueError, match=r"the discriminator reads \['clock'\]"):
        make_runner(PointEnv(), None, groups)
