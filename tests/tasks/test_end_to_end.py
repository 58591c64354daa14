"""From nothing to an evaluated policy, and Isaac Lab's own commands as they are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

TASK = "VLA-Reach-G1"


def isaaclab(cwd: Path, *arguments: str) -> str:
    """What an unmodified Isaac Lab command says."""
    result = subprocess.run(
        [sys.executable, "-m", "isaaclab", *arguments], cwd=cwd, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def test_training_leaves_checkpoints_curve_and_evaluation(trained_run: Path) -> None:
    assert {"model_0.pt", "model_1.pt", "train.log", "run.json"} <= {path.name for path in trained_run.iterdir()}
    assert (trained_run / "curve.png").read_bytes().startswith(b"\x89PNG")
    figures = json.loads((trained_run.parents[3] / "figures.json").read_text())
    assert Path(figures["run_dir"]) == trained_run
    assert figures["steps"] == 2 * 8 * 8  # iterations, steps of each, environments
    assert figures["wall_s"] > 0


def test_training_made_gradient_updates(trained_run: Path) -> None:
    before, after = (torch.load(trained_run / f"model_{n}.pt", weights_only=True)["actor_state_dict"] for n in (0, 1))
    assert any(not torch.equal(before[name], after[name]) for name in before if name.startswith("mlp"))


def test_an_evaluation_has_all_figures_of_the_contract(trained_run: Path, checkpoint: Path) -> None:
    figures = json.loads((trained_run / "evaluation.json").read_text())
    assert Path(figures["checkpoint"]) == checkpoint
    assert figures["task"] == TASK
    assert figures["seed"] == 1
    assert figures["episodes"] == 4
    assert 0.0 <= figures["success_rate"] <= 1.0
    assert 1 <= figures["mean_length"] <= 15  # of 0.5 s: the settings of the training hold here too
    assert isinstance(figures["mean_return"], float)
    rates = figures["terminations"]
    assert {"time_out", "success", "wrong_touch", "self_collision", "hard_impact", "non_finite"} <= rates.keys()
    assert sum(rates.values()) >= 1.0  # every episode ended somehow
    assert figures["success_rate"] == rates["success"]
    assert {"joint_vel_limit", "hard_impact"} < figures["costs"].keys()
    assert all(0.0 <= cost <= 10.0 * figures["mean_length"] for cost in figures["costs"].values())


@pytest.mark.slow
def test_isaaclab_lists_the_task(tmp_path: Path) -> None:
    assert TASK in isaaclab(tmp_path, "list_envs", "--keyword", "VLA")


@pytest.mark.slow
def test_isaaclab_runs_a_random_agent(tmp_path: Path) -> None:
    isaaclab(tmp_path, "random_agent", "--task", TASK, "--num_envs", "4", "--max_steps", "20")


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["rsl_rl_cfg_entry_point", "ppo_cfg_entry_point"])
def test_isaaclab_trains_and_films(tmp_path: Path, agent: str) -> None:
    common = ("--task", TASK, "--agent", agent)
    output = isaaclab(tmp_path, "train", *common, "--num_envs", "8", "--max_iterations", "2")
    assert len(re.findall("Learning iteration", output)) == 2
    (last,) = tmp_path.glob("logs/rsl_rl/*/*/model_1.pt")
    isaaclab(tmp_path, "play", *common, "--num_envs", "1", "--checkpoint", str(last), "--video", "--video_length", "20")
    (video,) = last.parent.glob("videos/play/*.mp4")
    assert video.stat().st_size > 1000


@pytest.mark.slow
def test_play_films_the_latest_checkpoint(scripts: Path, trained_run: Path) -> None:
    command = [sys.executable, str(scripts / "play.py"), "--task", TASK, "--num_envs", "1", "--video"]
    subprocess.run(command, cwd=trained_run.parents[3], check=True, timeout=600)
    assert (trained_run / "play.mp4").stat().st_size > 1000
