"""Gymnasium's vector environments through the adapter: actions, ends of episodes, training, evaluation."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from humanoid_vla.agents.gym_vec_env import GymVecEnv, evaluate, evaluate_with_costs, make_gym_env, train
from humanoid_vla.agents.sac import SAC

SAME_STEP = AutoresetMode.SAME_STEP


class Counter(gym.Env):
    """Observation: [number of the episode, steps in it]; reward: the first action; ends after three steps."""

    observation_space: gym.Space = Box(-np.inf, np.inf, (2,), np.float64)
    action_space: gym.Space = Box(np.array([-2.0, 0.0], np.float32), np.array([2.0, 10.0], np.float32))

    def __init__(self, terminated: bool, truncated: bool) -> None:
        self.ends = terminated, truncated
        self.episode, self.steps = -1, 0
        self.actions: list[Any] = []

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        self.episode, self.steps = self.episode + 1, 0
        return np.array([self.episode, 0.0]), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        self.actions.append(action)
        self.steps += 1
        terminated, truncated = (end and self.steps == 3 for end in self.ends)
        return np.array([self.episode, self.steps]), float(np.ravel(action)[0]), terminated, truncated, {"info": 1.0}


class Identity(gym.Env):
    """Episodes of one step; the reward is higher the closer the action is to the observation."""

    observation_space = Box(-1.0, 1.0, (1,), np.float32)
    action_space = Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.target = self.np_random.uniform(-0.8, 0.8, 1).astype(np.float32)
        return self.target, {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        return self.target, -float((action - self.target).item() ** 2), True, False, {}


def counters() -> SyncVectorEnv:
    """Four environments whose episodes terminate, are truncated, both at once, or never end."""
    ends = [(True, False), (False, True), (True, True), (False, False)]
    return SyncVectorEnv([lambda end=end: Counter(*end) for end in ends], autoreset_mode=SAME_STEP)


def make_sac(env: GymVecEnv, **algorithm: Any) -> SAC:
    torch.manual_seed(0)
    quick = {"buffer_size": 4000, "batch_size": 64, "updates_per_step": 1, "learning_starts": 200, "gamma": 0.9}
    rates = dict.fromkeys(("actor_learning_rate", "critic_learning_rate", "alpha_learning_rate"), 2e-3)
    network = {"hidden_dims": [32, 32], "obs_normalization": False}
    cfg = {
        "algorithm": quick | rates | algorithm,
        "actor": network,
        "critic": network,
        "obs_groups": {"actor": ["policy"], "critic": ["policy"]},
    }
    return SAC.construct_algorithm(env.get_observations(), env, cfg, "cpu")


def test_actions_are_scaled_to_the_box() -> None:
    vector = counters()
    env = GymVecEnv(vector)
    assert (env.num_envs, env.num_actions) == (4, 2)
    actions = torch.tensor([[-1.0, -1.0], [1.0, 1.0], [0.0, -0.5], [0.25, 7.0]])
    _, rewards, _, _ = env.step(actions)
    done = np.array([counter.unwrapped.actions[0] for counter in vector.envs])  # pyright: ignore
    # low + (high - low) (a + 1) / 2 with [-2, 2] and [0, 10]; 7 is held to 1
    np.testing.assert_allclose(done, [[-2.0, 0.0], [2.0, 10.0], [0.0, 2.5], [0.5, 10.0]])
    assert done.dtype == np.float32
    torch.testing.assert_close(rewards, torch.tensor([-2.0, 2.0, 0.0, 0.5]))


def test_ends_of_episodes() -> None:
    env = GymVecEnv(counters())
    for step in (1, 2):
        obs, _, dones, extras = env.step(torch.zeros(4, 2))
        assert obs["policy"].tolist() == [[0.0, step]] * 4
        assert dones.tolist() == [0, 0, 0, 0]
        assert extras["time_outs"].tolist() == [False] * 4
        assert "final_obs" not in extras
        assert env.episode_length_buf.tolist() == [step] * 4
    obs, _, dones, extras = env.step(torch.zeros(4, 2))
    assert dones.tolist() == [1, 1, 1, 0]
    # an episode that fails in its last step has failed
    assert extras["time_outs"].tolist() == [False, True, False, False]
    assert extras["final_obs"]["policy"].tolist() == [[0.0, 3.0]] * 4
    assert obs["policy"].tolist() == [[1.0, 0.0]] * 3 + [[0.0, 3.0]]
    assert obs["policy"].dtype == torch.float32
    assert env.episode_length_buf.tolist() == [0, 0, 0, 3]
    assert torch.equal(env.get_observations()["policy"], obs["policy"])


def test_observations_are_not_written_over() -> None:
    class Single(Counter):
        observation_space = Box(-np.inf, np.inf, (2,), np.float32)  # needs no conversion: the same memory would do

    env = GymVecEnv(SyncVectorEnv([lambda: Single(False, True)], copy=False, autoreset_mode=SAME_STEP))
    first = env.get_observations()["policy"]
    env.step(torch.zeros(1, 2))
    assert first.tolist() == [[0.0, 0.0]]


def test_the_largest_of_the_discrete_actions_is_done() -> None:
    class Choice(Counter):
        action_space = Discrete(3, start=5)

    vector = SyncVectorEnv([lambda: Choice(False, False)] * 2, autoreset_mode=SAME_STEP)
    env = GymVecEnv(vector)
    assert env.num_actions == 3
    _, rewards, _, _ = env.step(torch.tensor([[0.0, 1.0, 0.0], [0.2, -1.0, 0.3]]))
    assert rewards.tolist() == [6.0, 7.0]


def test_images_keep_their_bytes() -> None:
    class Camera(Counter):
        observation_space = Box(0, 255, (4, 5, 3), np.uint8)

        def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
            return np.full((4, 5, 3), 200, np.uint8), {}

    env = GymVecEnv(SyncVectorEnv([lambda: Camera(False, False)], autoreset_mode=SAME_STEP))
    image = env.get_observations()["policy"]
    assert image.dtype == torch.uint8
    assert image.shape == (1, 4, 5, 3)
    assert (image == 200).all()


def test_processes_and_one_process_give_the_same() -> None:
    torch.manual_seed(0)
    actions = 2.0 * torch.rand(250, 2, 1) - 1.0  # past the end of the episodes at 200 steps
    seen = []
    for processes in (False, True):
        env = make_gym_env("Pendulum-v1", 2, seed=3, processes=processes)
        assert isinstance(env.env, AsyncVectorEnv if processes else SyncVectorEnv)
        assert env.max_episode_length == 200
        steps = [env.step(action) for action in actions]
        env.close()
        assert [step for step, (_, _, dones, _) in enumerate(steps) if dones.any()] == [199]
        assert steps[199][3]["time_outs"].all()
        final = steps[199][3]["final_obs"]["policy"]
        assert not torch.equal(final, steps[199][0]["policy"])
        seen.append(torch.stack([final, *(obs["policy"] for obs, *_ in steps)]))
    assert torch.equal(*seen)


def test_the_seed_decides_and_episodes_differ() -> None:
    first, again, other = (make_gym_env("Pendulum-v1", 2, seed=seed) for seed in (3, 3, 4))
    start = first.get_observations()["policy"]
    assert torch.equal(start, again.get_observations()["policy"])
    assert not torch.equal(start, other.get_observations()["policy"])
    assert not torch.equal(start, first.reset()["policy"])
    assert not torch.equal(start[0], start[1])


def test_training_stores_what_happened() -> None:
    env = GymVecEnv(counters())
    sac = make_sac(env, learning_starts=1000)
    train(sac, env, 30)
    assert sac.num_transitions == 28  # whole steps of all four environments
    train(sac, env, 52)
    assert sac.num_transitions == 80
    batch = sac.buffer.sample(2000)
    obs, next_obs = batch.obs["policy"], batch.next_obs["policy"]
    # also in the last step of an episode: one step more of the same one, never the first of the next
    torch.testing.assert_close(next_obs, obs + torch.tensor([0.0, 1.0]))
    assert obs[:, 1].max() == 19.0  # of the environment without ends
    torch.testing.assert_close(batch.rewards, 2.0 * batch.actions[:, 0])


def test_learns_the_identity() -> None:
    vector = SyncVectorEnv([Identity] * 8, autoreset_mode=SAME_STEP)
    env = GymVecEnv(vector, seed=0)
    sac = make_sac(env)
    random = evaluate(lambda obs: 2.0 * torch.rand(8, 1) - 1.0, env).mean()
    train(sac, env, 4000)
    returns = torch.stack([evaluate(sac.actor, env) for _ in range(10)])
    assert random < -0.1
    assert returns.mean() > -0.01


def test_evaluation_is_of_one_episode_each() -> None:
    env = GymVecEnv(
        SyncVectorEnv([lambda: Counter(True, False), lambda: Counter(False, True)], autoreset_mode=SAME_STEP)
    )
    env.step(torch.ones(2, 2))  # the episode that was begun does not count
    # three steps with rewards -2 + 4 * 0.75 = 1 and 2
    returns = evaluate(lambda obs: torch.tensor([[0.5, 0.0], [1.0, 0.0]]), env)
    assert returns.tolist() == [3.0, 6.0]

    class Late(Counter):  # its first episode is over after one step, its second after three: only the first counts
        def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
            obs, reward, _, _, info = super().step(action)
            return obs, reward, True, False, info

    env = GymVecEnv(SyncVectorEnv([lambda: Counter(True, False), lambda: Late(True, False)], autoreset_mode=SAME_STEP))
    assert evaluate(lambda obs: torch.ones(2, 2), env).tolist() == [6.0, 2.0]


def test_bad_environments_are_named() -> None:
    def vector(**spaces: gym.Space) -> SyncVectorEnv:
        kind = type("Other", (Counter,), spaces)
        return SyncVectorEnv([lambda: kind(True, False)], autoreset_mode=SAME_STEP)

    with pytest.raises(ValueError, match="SAME_STEP"):
        GymVecEnv(SyncVectorEnv([lambda: Counter(True, False)]))
    with pytest.raises(ValueError, match="observations must be a Box, got Dict"):
        GymVecEnv(vector(observation_space=gym.spaces.Dict({"x": Counter.observation_space})))
    for bad in (Box(-np.inf, np.inf, (2,)), Box(-1.0, 1.0, (2, 2)), gym.spaces.MultiBinary(3)):
        with pytest.raises(ValueError, match="actions must be discrete or a bounded vector"):
            GymVecEnv(vector(action_space=bad))


class Costly(Counter):
    """What a step costs stands in `info`: the number of steps so far; a reset says nothing of it."""

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        obs, reward, terminated, truncated, _ = super().step(action)
        return obs, reward, terminated, truncated, {"late": float(self.steps)}


@pytest.mark.parametrize("num_ending", [1, 2])
def test_costs_are_read_from_info_also_in_the_last_step(num_ending: int) -> None:
    ends = [(True, False)] * num_ending + [(False, False)] * (2 - num_ending)
    vector = SyncVectorEnv([lambda end=end: Costly(*end) for end in ends], autoreset_mode=SAME_STEP)
    env = GymVecEnv(vector, cost_names=["late"])
    assert env.get_observations()["cost"].tolist() == [[0.0], [0.0]]
    for _ in range(2):
        obs, *_ = env.step(torch.zeros(2, 2))
    assert obs["cost"].tolist() == [[2.0], [2.0]]
    obs, _, dones, extras = env.step(torch.zeros(2, 2))
    assert dones.tolist() == [1] * num_ending + [0] * (2 - num_ending)
    assert extras["final_obs"]["cost"].tolist() == [[3.0], [3.0]]
    assert obs["cost"].tolist() == [[0.0]] * num_ending + [[3.0]] * (2 - num_ending)


def test_evaluation_adds_up_costs() -> None:
    vector = SyncVectorEnv([lambda: Costly(True, False), lambda: Costly(False, True)], autoreset_mode=SAME_STEP)
    returns, costs = evaluate_with_costs(lambda obs: torch.zeros(2, 2), GymVecEnv(vector, cost_names=["late"]))
    assert costs.tolist() == [[1.0 + 2.0 + 3.0]] * 2
    assert returns.tolist() == [0.0, 0.0]
