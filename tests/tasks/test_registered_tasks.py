"""What every registered task promises."""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import pytest
import torch
from isaaclab_tasks.utils import resolve_task_config
from worlds import ended, open_env, step

TASKS = sorted(name for name in gym.registry if name.startswith("VLA-"))


@pytest.fixture(scope="module", params=TASKS)
def env(request: pytest.FixtureRequest) -> Iterator[Any]:
    with open_env(request.param) as env:
        yield env


def configs(task: str, agent: str | None = None, play: bool = False) -> tuple[Any, Any]:
    """Configurations of a task and of an agent, as Isaac Lab's commands get them."""
    return resolve_task_config(task, agent, play_mode=play, overrides=[])


def groups(cfg: Any) -> dict[str, Any]:
    """The observation groups of a configuration."""
    return {name: group for name, group in vars(cfg.observations).items() if hasattr(group, "enable_corruption")}


def noises(group: Any) -> list[Any]:
    return [term.noise for term in vars(group).values() if getattr(term, "noise", None) is not None]


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> str:
    return request.param


def test_reach_is_there() -> None:
    assert "VLA-Reach-G1" in TASKS


def test_registration_holds_strings_only(task: str) -> None:
    spec = gym.spec(task)
    assert isinstance(spec.entry_point, str)
    assert all(isinstance(value, str) for value in spec.kwargs.values()), spec.kwargs


def test_every_agent_loads(task: str) -> None:
    agents = [key for key in gym.spec(task).kwargs if key.endswith("_cfg_entry_point") and not key.startswith("env_")]
    assert "rsl_rl_cfg_entry_point" in agents
    for agent in agents:
        env_cfg, agent_cfg = configs(task, agent)
        assert {name for names in agent_cfg.obs_groups.values() for name in names} <= groups(env_cfg).keys()
        assert agent_cfg.device == env_cfg.sim.device


def test_play_has_no_noise(task: str) -> None:
    training, _ = configs(task)
    playing, _ = configs(task, play=True)
    assert any(group.enable_corruption and noises(group) for group in groups(training).values())
    assert not any(group.enable_corruption for group in groups(playing).values())


def test_the_privileged_state_never_has_noise(task: str) -> None:
    cfg, _ = configs(task)
    state = groups(cfg)["state"]
    assert not state.enable_corruption
    assert noises(state) == []


def test_the_last_observation_is_kept_for_bootstrapping(task: str) -> None:
    cfg, _ = configs(task)
    assert cfg.compute_final_obs is True


def test_actions_are_bounded(env: Any) -> None:
    assert env.single_action_space == gym.spaces.Box(-1.0, 1.0, (env.action_manager.total_action_dim,))
    assert env.action_space.shape == (4, env.action_manager.total_action_dim)
    assert env.action_space.is_bounded()


def test_random_steps_are_finite_and_in_their_declared_shapes(env: Any) -> None:
    torch.manual_seed(0)
    obs, _ = env.reset()
    for number in range(50):
        assert obs.keys() == env.observation_space.spaces.keys()
        for group, space in env.observation_space.spaces.items():
            assert obs[group].shape == space.shape, group
            assert obs[group].dtype == torch.float32, group
            assert obs[group].isfinite().all(), (number, group)
        actions = torch.rand(4, env.action_manager.total_action_dim) * 2 - 1
        obs, rewards, terminated, truncated, _ = env.step(actions)
        assert rewards.shape == terminated.shape == truncated.shape == (4,)
        assert rewards.isfinite().all()
        assert not (terminated & truncated).any()


def test_a_broken_environment_starts_anew_and_harms_no_other(env: Any) -> None:
    env.reset()
    robot = env.scene["robot"]
    broken = robot.data.joint_pos.torch[1:2].clone()
    broken[0, 3] = float("nan")
    robot.write_joint_position_to_sim_index(position=broken, env_ids=torch.tensor([1], dtype=torch.int32))
    obs, rewards, terminated, _, extras = step(env)
    assert ended(env)["non_finite"] == [1]
    assert terminated[1]
    assert extras["log"]["Episode_Termination/non_finite"] > 0
    for _ in range(3):
        for name, values in {**obs, **extras["final_obs"], "reward": rewards}.items():
            assert values.isfinite().all(), name
        obs, rewards, _, _, extras = step(env)
        assert "non_finite" not in ended(env)
    assert env.episode_length_buf.tolist()[1] == 3


def test_the_last_observation_is_the_one_before_the_reset(env: Any) -> None:
    obs, _ = env.reset()
    env.episode_length_buf[2] = env.max_episode_length - 1
    obs, _, _, truncated, extras = step(env)
    assert truncated.tolist() == [False, False, True, False]
    final = extras["final_obs"]["state"]
    assert torch.equal(final[[0, 1, 3]], obs["state"][[0, 1, 3]])
    assert not torch.equal(final[2], obs["state"][2])
