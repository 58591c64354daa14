"""A learning curve from a run's log, and its picture."""

import math
from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from curves import Curve, read_curve, save_plot

ENV_YAML = """
scene: {num_envs: 200}
func: !!python/name:os.system ''
limits: !!python/tuple [1, 2]
"""
SUCCESS = {1: 0.25, 2: 0.5, 4: 0.9}
"""Share of successes an iteration: none has finished before iteration 1, and none in iteration 3."""


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "agent.yaml").write_text("num_steps_per_env: 8\n")
    (tmp_path / "params" / "env.yaml").write_text(ENV_YAML)
    with SummaryWriter(str(tmp_path)) as writer:
        for iteration in range(5):
            writer.add_scalar("Perf/collection_time", 1.0, iteration)
            writer.add_scalar("Perf/learning_time", 0.5 * iteration, iteration)
            if iteration in SUCCESS:
                writer.add_scalar("Episode_Termination/success", SUCCESS[iteration], iteration)
                writer.add_scalar("Train/mean_reward", 10.0 * iteration, iteration)
    return tmp_path


def test_a_curve_has_an_entry_per_iteration(run_dir: Path) -> None:
    curve = read_curve(run_dir)
    assert curve.wall_s == pytest.approx([1.0, 2.5, 4.5, 7.0, 10.0])  # 1 s to collect, 0, 0.5, 1 ... to learn
    assert curve.steps == [1600, 3200, 4800, 6400, 8000]  # 200 environments, 8 steps
    # the mean over two iterations: 512 // 200
    assert curve.success == pytest.approx([0.0, 0.125, 0.375, 0.5, 0.7])
    assert math.isnan(curve.mean_return[0])
    assert curve.mean_return[1:] == pytest.approx([10.0, 20.0, 20.0, 40.0])


def test_time_to_a_success_rate(run_dir: Path) -> None:
    curve = read_curve(run_dir)
    assert curve.time_to(0.5) == (pytest.approx(7.0), 6400)
    assert curve.time_to(0.51) == (pytest.approx(10.0), 8000)
    assert curve.time_to(0.95) is None


def test_nothing_in_the_parameters_runs(run_dir: Path) -> None:
    (run_dir / "params" / "env.yaml").write_text(
        f"scene: {{num_envs: 2}}\nx: !!python/object/apply:os.mkdir ['{run_dir / 'sprung'}']\n"
    )
    assert read_curve(run_dir).steps[0] == 16
    assert not (run_dir / "sprung").exists()


def test_a_plot_is_written(tmp_path: Path) -> None:
    curve = Curve([1.0, 2.0], [8, 16], [0.1, 0.9], [math.nan, 2.0])
    save_plot(tmp_path / "curve.png", {"sac": curve, "ppo": curve}, title="both")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["curve.png"]
