"""What all tests share."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"

# One thread: these networks are tiny, and on a shared machine threads that wait for each other cost minutes.
torch.set_num_threads(1)

# The scripts import each other by name, as Python does when one of them is run.
sys.path.insert(0, str(SCRIPTS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which tests `make test` keeps in one of its two processes: a file's, and all that share the trained run."""
    for item in items:
        shares_run = "trained_run" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("trained_run" if shares_run else item.path.stem))


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """No test passes or fails by the numbers it happened to draw."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def scripts() -> Path:
    return SCRIPTS


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run of ``scripts/train.py``: two iterations of SAC that learned nothing yet."""
    folder = tmp_path_factory.mktemp("training")
    command = [sys.executable, str(SCRIPTS / "train.py"), "--task", "VLA-Reach-G1", "--agent", "sac", "--device", "cpu"]
    command += ["--num_envs", "8", "--max_iterations", "2", "--episodes", "4", "--no_video", "--json", "figures.json"]
    # short episodes, and some gradient updates
    command += ["env.episode_length_s=0.5", "agent.algorithm.learning_starts=64", "agent.algorithm.updates_per_step=1"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    (run_dir,) = (folder / "logs" / "rsl_rl").glob("*/*")
    return run_dir


@pytest.fixture(scope="session")
def checkpoint(trained_run: Path) -> Path:
    """The last checkpoint of that run."""
    return trained_run / "model_1.pt"
