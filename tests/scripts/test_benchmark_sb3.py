"""Our learners beside Stable-Baselines3's, on a task and with steps that take seconds."""

import argparse
from pathlib import Path

import pytest

from benchmark_sb3 import run_sb3, summarize
from common import InputError


def arguments(folder: Path, **changes: object) -> argparse.Namespace:
    defaults = {"env": "Pendulum-v1", "algo": "sac", "steps": 200, "every": 100, "learning_starts": 100}
    defaults |= {"update_every": 4, "seeds": [0], "only": ("ours", "sb3"), "json": folder / "sb3.json", "plot": None}
    return argparse.Namespace(**(defaults | changes))


@pytest.mark.parametrize("algo", ["sac", "ddpg"])
def test_trains_both_and_draws_them(algo: str, tmp_path: Path) -> None:
    figures = run_sb3(arguments(tmp_path, algo=algo, plot=tmp_path / "curves.png"))
    assert [(run["implementation"], run["steps"]) for run in figures["runs"]] == [
        ("ours", [100, 200]),
        ("sb3", [100, 200]),
    ]
    assert all(-2000.0 < value < 0.0 for run in figures["runs"] for value in run["returns"])
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_finished_runs_are_kept(tmp_path: Path) -> None:
    run_sb3(arguments(tmp_path, only=("ours",)))
    before = run_sb3(arguments(tmp_path, only=("ours",)))["runs"]
    after = run_sb3(arguments(tmp_path, only=("ours",), seeds=[0, 1]))["runs"]
    assert after[0] == before[0]
    assert [run["seed"] for run in after] == [0, 1]


def test_the_figure_is_the_mean_of_the_last_five_evaluations() -> None:
    def run(seed: int, *returns: float) -> dict:
        return {"implementation": "ours", "seed": seed, "steps": [100], "returns": returns, "cpu_s": [10.0]}

    summary = summarize([run(0, 99.0, 1.0, 2.0, 3.0, 4.0, 5.0), run(1, 5.0, 5.0, 5.0, 5.0, 5.0)])
    # 3 and 5: mean 4, sample deviation sqrt(2), standard error sqrt(2) / sqrt(2)
    assert summary == {"ours": {"mean_return": 4.0, "standard_error": 1.0, "seeds": 2, "steps_per_cpu_s": 10.0}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"env": "Nope-v0"}, "Nope"),
        ({"json": None}, "--json"),
        ({"steps": 250}, "250"),
        ({"update_every": 0}, "--update_every is 0"),
    ],
)
def test_what_cannot_be_trained_is_named(changes: dict, expected: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=expected):
        run_sb3(arguments(tmp_path, **changes))


def test_figures_of_another_comparison_are_not_mixed_in(tmp_path: Path) -> None:
    run_sb3(arguments(tmp_path, only=("ours",)))
    with pytest.raises(InputError, match="another update_every"):
        run_sb3(arguments(tmp_path, update_every=1))
