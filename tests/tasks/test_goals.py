"""The teacher's questions: what would the observations be, had the robot been told something else?"""

from typing import Any

import torch
from worlds import set_goal

from humanoid_vla.tasks.reach.goals import ReachGoals


def test_every_goal_looks_as_if_it_had_been_told(env: Any) -> None:
    goals = ReachGoals(env)
    assert goals.num_goals == 8
    env.command_manager.get_term("goal").held_time[:] = 0.2
    obs = env.observation_manager.compute()
    asked = goals.teacher_obs(obs)["goal"].view(env.num_envs, 8, -1).clone()
    told = goals.told()
    assert torch.equal(asked[torch.arange(env.num_envs), told], obs["goal"])
    for number in range(8):
        set_goal(env, number // 2, number % 2)
        assert goals.told().tolist() == [number] * env.num_envs
        expected = env.observation_manager.compute()["goal"]
        torch.testing.assert_close(asked[:, number, :-1], expected[:, :-1])  # the last is how long it has been held


def test_states_are_repeated_for_each_goal(env: Any) -> None:
    goals = ReachGoals(env)
    obs = env.observation_manager.compute()
    asked = goals.teacher_obs(obs)
    assert list(asked) == ["proprio", "state", "goal"]
    for group in ("proprio", "state"):
        assert torch.equal(asked[group].view(env.num_envs, 8, -1)[:, 5], obs[group])


def test_goals_are_told_in_sentences_of_theirs(env: Any) -> None:
    goals = ReachGoals(env)
    asked = torch.arange(8).repeat(20)
    language = goals.tell(asked)["language"]
    command = env.command_manager.get_term("goal")
    assert torch.equal(command.instructions.goal[command.instructions.find(language)], asked)
    assert len(language.unique(dim=0)) > 100  # drawn anew each time
