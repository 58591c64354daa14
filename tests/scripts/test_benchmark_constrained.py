"""The comparison of constrained learners, on a task and with steps that take seconds."""

import argparse
from pathlib import Path

import gymnasium as gym
import pytest

from benchmark_constrained import LEARNERS, VelocityCost, run_constrained, summarize
from common import InputError


def arguments(folder: Path, **changes: object) -> argparse.Namespace:
    defaults = {"env": "Hopper-v5", "steps": 200, "every": 100, "learning_starts": 100, "update_every": 20}
    defaults |= {"threshold": 0.0, "limit": 25.0, "seeds": [0], "learners": LEARNERS}
    return argparse.Namespace(**(defaults | {"json": folder / "figures.json", "plot": None} | changes))


def test_running_fast_costs_one_a_step() -> None:
    env = VelocityCost(gym.make("HalfCheetah-v5"), threshold=0.1)
    env.reset(seed=0)
    env.action_space.seed(0)
    seen = set()
    for _ in range(50):
        *_, info = env.step(env.action_space.sample())
        assert info["velocity"] == (1.0 if info["x_velocity"] > 0.1 else 0.0)
        seen.add(info["velocity"])
    assert seen == {0.0, 1.0}


def test_trains_all_and_draws_them(tmp_path: Path) -> None:
    figures = run_constrained(arguments(tmp_path, plot=tmp_path / "curves.png"))
    assert [(run["learner"], run["steps"]) for run in figures["runs"]] == [(name, [100, 200]) for name in LEARNERS]
    assert all(0.0 <= cost <= 1000.0 for run in figures["runs"] for cost in run["costs"])
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_finished_runs_are_kept(tmp_path: Path) -> None:
    before = run_constrained(arguments(tmp_path, learners=["sac"]))["runs"]
    after = run_constrained(arguments(tmp_path, learners=["sac", "sac_lagrangian"]))["runs"]
    assert after[0] == before[0]
    assert [run["learner"] for run in after] == ["sac", "sac_lagrangian"]
    with pytest.raises(InputError, match="another limit"):
        run_constrained(arguments(tmp_path, limit=5.0))


def test_the_figures_are_means_of_the_last_five_evaluations() -> None:
    def run(seed: int, *costs: float) -> dict:
        return {
            "learner": "sac",
            "seed": seed,
            "steps": [100],
            "returns": [2.0 * cost for cost in costs],
            "costs": costs,
        }

    # 3 and 5: mean 4, sample deviation sqrt(2), standard error 1
    assert summarize([run(0, 99.0, 1.0, 2.0, 3.0, 4.0, 5.0), run(1, 5.0, 5.0, 5.0, 5.0, 5.0)]) == {
        "sac": {
            "seeds": 2,
            "mean_return": 8.0,
            "return_standard_error": 2.0,
            "mean_cost": 4.0,
            "cost_standard_error": 1.0,
        }
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"env": "Nope-v0"}, "Nope"),
        ({"json": None}, "--json"),
        ({"steps": 250}, "250"),
        ({"update_every": 0}, "--update_every is 0"),
        ({"limit": 0.0}, "--limit is 0.0"),
    ],
)
def test_what_cannot_be_trained_is_named(changes: dict, expected: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=expected):
        run_constrained(arguments(tmp_path, **changes))
