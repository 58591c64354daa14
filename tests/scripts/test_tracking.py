"""How well a velocity is followed: the rewards named "track_..." over all steps that count."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tracking import Tracking, tracking_line

WEIGHTS = {"gait": 3.0, "track_lin_vel": 2.0, "posture": 1.0, "track_ang_vel": 0.5}


def two_environments(names: list[str]) -> Any:
    """With these rewards, as Isaac Lab's manager keeps them: weighted, one row an environment."""
    manager = SimpleNamespace(
        active_terms=names,
        get_term_cfg=lambda name: SimpleNamespace(weight=WEIGHTS[name]),
        _step_reward=torch.zeros(2, len(names)),
    )
    return SimpleNamespace(num_envs=2, unwrapped=SimpleNamespace(reward_manager=manager, device="cpu"))


def step(tracking: Tracking, env: Any, rewards: list[list[float]], counted: list[bool]) -> None:
    tracking.before_step()
    env.unwrapped.reward_manager._step_reward[:] = torch.tensor(rewards)
    tracking.after_step(torch.tensor(counted))


def test_the_mean_is_a_share_of_the_best_and_of_steps_that_count() -> None:
    env = two_environments(list(WEIGHTS))
    tracking = Tracking(env)
    step(tracking, env, [[3.0, 2.0, 1.0, 0.5], [0.0, 1.0, 0.0, 0.0]], [True, True])
    step(tracking, env, [[3.0, 0.0, 1.0, 0.1], [0.0, 2.0, 0.0, 0.5]], [True, False])
    figures = tracking.figures()
    assert figures.keys() == {"tracking"}
    assert figures["tracking"] == {"lin_vel": pytest.approx(1.5 / 3), "ang_vel": pytest.approx(1.2 / 3)}
    assert tracking_line(figures["tracking"]) == "lin_vel 0.500, ang_vel 0.400"


def test_steps_are_counted_for_the_goal_that_was_told_before_them() -> None:
    env = two_environments(["track_lin_vel"])
    command = SimpleNamespace(
        instruction_set=SimpleNamespace(goals=("stop", "forward", "turn")), goal_index=torch.tensor([0, 1])
    )
    tracking = Tracking(env, command)
    tracking.before_step()
    env.unwrapped.reward_manager._step_reward[:] = torch.tensor([[2.0], [1.0]])
    command.goal_index[:] = 2  # told anew in the step
    tracking.after_step(torch.tensor([True, True]))
    assert tracking.figures()["tracking_by_goal"] == {"stop": {"lin_vel": 1.0}, "forward": {"lin_vel": 0.5}}
    assert tracking.figures()["tracking"] == {"lin_vel": 0.75}


def test_a_task_that_tracks_nothing_has_no_such_figures() -> None:
    env = two_environments(["gait", "posture"])
    tracking = Tracking(env)
    step(tracking, env, [[1.0, 1.0], [1.0, 1.0]], [True, True])
    assert tracking.figures() == {}
