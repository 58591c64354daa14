"""What every registered task promises."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import pytest
import torch
from bundle_cases import check_observations, check_targets, export, untrained_policy
from isaaclab_tasks.utils import resolve_task_config
from term_cases import FAMILIES, FIRING, Family
from worlds import ended, open_env, step

TASKS = sorted(name for name in gym.registry if name.startswith("VLA-"))
SEED = 3


class World(NamedTuple):
    """A task's environment, and what happened in it and, before, in another one that was made the same way."""

    task: str
    env: Any
    trajectories: tuple[list[torch.Tensor], list[torch.Tensor]]


@pytest.fixture(scope="module", params=TASKS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with open_env(request.param, SEED) as env:
        first = trajectory(env)
    with open_env(request.param, SEED) as env:
        yield World(request.param, env, (first, trajectory(env)))


@pytest.fixture
def env(world: World) -> Any:
    return world.env


def num_steps(env: Any, most: int) -> int:
    """Steps for a test: fewer where a step is many of physics, as it is over a frozen policy."""
    return min(most, max(4, 320 // env.cfg.decimation))


def trajectory(env: Any) -> list[torch.Tensor]:
    """Every observation and reward of up to 20 random steps."""
    obs, _ = env.reset()
    values = [value.clone() for value in obs.values()]
    generator = torch.Generator().manual_seed(5)
    for _ in range(num_steps(env, 20)):
        actions = 2 * torch.rand(env.num_envs, env.action_manager.total_action_dim, generator=generator) - 1
        obs, rewards, *_ = env.step(actions)
        values += [value.clone() for value in (*obs.values(), rewards)]
    return values


def configs(task: str, agent: str | None = None, play: bool = False) -> tuple[Any, Any]:
    """Configurations of a task and of an agent, as Isaac Lab's commands get them."""
    return resolve_task_config(task, agent, play_mode=play, overrides=[])


def family(cfg: Any) -> Family:
    """What the tests know of a task, by the folder that its configuration lies in."""
    folder = type(cfg).__module__.split(".")[-2]
    assert folder in FAMILIES, f"tests/tasks/term_cases.py has no family '{folder}'"
    return FAMILIES[folder]


def terms(cfg: Any) -> set[str]:
    """The names of a task's rewards, terminations and costs."""
    parts = cfg.rewards, cfg.terminations, getattr(cfg.observations, "cost", None)
    return {name for part in parts if part for name, term in vars(part).items() if hasattr(term, "func")}


def actor_groups(task: str) -> set[str]:
    """The observation groups that the actor of any agent reads, but for a teacher: it is there to know more."""
    others = ("env_cfg_entry_point", "teacher_cfg_entry_point")
    agents = [key for key in gym.spec(task).kwargs if key.endswith("_cfg_entry_point") and key not in others]
    return {name for agent in agents for name in configs(task, agent)[1].obs_groups["actor"]}


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
    for number in range(num_steps(env, 50)):
        assert obs.keys() == env.observation_space.spaces.keys()
        for group, space in env.observation_space.spaces.items():
            assert obs[group].shape == space.shape, group
            assert str(obs[group].dtype) == f"torch.{space.dtype}", group
            assert obs[group].isfinite().all(), (number, group)
        actions = torch.rand(4, env.action_manager.total_action_dim) * 2 - 1
        obs, rewards, terminated, truncated, _ = env.step(actions)
        assert rewards.shape == terminated.shape == truncated.shape == (4,)
        assert rewards.isfinite().all()
        assert not (terminated & truncated).any()


def test_one_seed_gives_the_same_numbers_twice(world: World) -> None:
    first, second = world.trajectories
    assert len(first) == len(second)
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))


def test_another_seed_gives_others(env: Any) -> None:
    first, again, other = (
        {k: v.clone() for k, v in env.reset(seed=seed)[0].items()} for seed in (SEED, SEED, SEED + 1)
    )
    assert all(torch.equal(first[group], again[group]) for group in first)
    assert not torch.equal(first["proprio"], other["proprio"])


def test_every_term_has_a_case(task: str) -> None:
    cfg, _ = configs(task)
    assert terms(cfg) == family(cfg).cases.keys(), "tests/tasks/term_cases.py must name every term, and no other"


def test_every_term_fires_in_the_state_built_for_it_and_nowhere_else(env: Any) -> None:
    expected = [number == FIRING for number in range(4)]
    rewards, terminations = env.reward_manager.active_terms, env.termination_manager.active_terms
    costs = env.observation_manager.active_terms.get("cost", [])
    for name, build in family(env.cfg).cases.items():
        family(env.cfg).calm(env)
        obs, _, terminated, truncated, extras = step(env, build(env))
        if name in terminations:
            assert env.termination_manager.get_term(name).tolist() == expected, name
        if name in rewards:
            paid = torch.tensor([dict(env.reward_manager.get_active_iterable_terms(n))[name] for n in range(4)]).abs()
            assert (paid.flatten() > 0.05 * paid.max()).tolist() == expected, (name, paid)
        if name in costs:
            ended_too = (terminated | truncated).unsqueeze(1)
            cost = torch.where(ended_too, extras.get("final_obs", obs)["cost"], obs["cost"])[:, costs.index(name)]
            assert (cost > 0).tolist() == expected, (name, cost)


def test_an_episode_that_was_calm_costs_nothing(env: Any) -> None:
    if "cost" not in env.observation_manager.active_terms:
        pytest.skip("no costs")
    family(env.cfg).calm(env)
    for _ in range(5):
        obs, *_ = step(env)
        assert not obs["cost"].any()


def test_actors_are_told_their_goal_in_language_alone(world: World) -> None:
    env, actors = world.env, actor_groups(world.task)
    if "language" not in env.observation_manager.active_terms:
        pytest.skip("not told in language")
    assert "language" in actors
    assert "goal" not in actors
    family(env.cfg).calm(env)
    seen = []
    for tell in family(env.cfg).goals:
        tell(env)
        env.command_manager.get_term("goal").instruction_index[:] = 0  # the same sentence for all goals
        torch.manual_seed(0)  # the same noise
        seen.append({group: value.clone() for group, value in env.observation_manager.compute().items()})
    assert len(seen) > 1
    for obs in seen[1:]:
        assert not torch.equal(obs["goal"], seen[0]["goal"])  # the goals do differ
        assert all(torch.equal(obs[group], seen[0][group]) for group in actors)


def test_its_policy_becomes_a_bundle_that_tells_all_it_needs(world: World, tmp_path: Path) -> None:
    agent_cfg = configs(world.task, "rsl_rl_cfg_entry_point")[1]
    bundle, scaling = export(world.env, world.task, untrained_policy(world.env, agent_cfg), tmp_path / "bundle")
    check_targets(world.env, bundle, scaling)
    check_observations(world.env, bundle)


def test_every_action_that_moves_joints_can_be_filtered(env: Any) -> None:
    robot = env.scene["robot"]
    joints = {name for name in robot.joint_names if "gripper" not in name}
    for name in env.action_manager.active_terms:
        term = env.action_manager.get_term(name)
        term = getattr(term, "low_level", term)
        if term.unit == "m":
            continue
        cfg = term.cfg.copy()
        cfg.filtered = True
        env.reset()
        filtered = type(term)(cfg, term._env)
        filtered.reset()
        for _ in range(5):
            filtered.process_actions(2.0 * torch.rand(env.num_envs, term.action_dim) - 1.0)
            filtered.apply_actions()
            assert set(filtered.safety.robot.joint_names) == joints
            sent = robot.actuators.target_command.position.torch[:, filtered._watched_ids]
            torch.testing.assert_close(sent, filtered.safety.command)
            torch.testing.assert_close(filtered.processed_actions, sent[:, : len(term.joint_names)])
        assert filtered.safety.counters.figures()["steps"] == 5 * env.num_envs
        if not robot.is_fixed_base:  # then legs must be as fast as the task has them
            speeds = filtered.safety._max_speed
            limits = robot.data.joint_vel_limits.torch[0, filtered._watched_ids]
            assert (speeds >= limits.clamp(max=cfg.max_speed) - 1e-4).all()
    env.reset()


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
    groups = env.observation_manager.active_terms.keys()
    assert obs.keys() == extras["final_obs"].keys() == groups
    for _ in range(3):
        assert rewards.isfinite().all()
        for group in groups:  # images hold whole numbers, which are finite: then this asks that they are there
            assert obs[group].isfinite().all(), group
            assert extras["final_obs"][group].isfinite().all(), group
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
